# SPDX-License-Identifier: Apache-2.0
"""Does an answer come from AWS, and is it complete?

botocore accepts half a list as the whole one, and a proxy's page as an empty answer. It compares lengths only of
streamed answers, and treats JSON that it cannot read as an empty object.
"""

from typing import Any, Final

from federation.errors import ServiceError

_SUCCESSES: Final = range(200, 300)
_OBJECTS: Final = frozenset({"json", "rest-json"})
"""Protocols whose answers are JSON objects."""
_OTHER_FIRST_BYTES: Final = frozenset(bytes([one]) for one in b'["ntf-0123456789')
"""The first bytes of JSON that is not an object: a list, string, null, boolean or number."""
_MAX_SHOWN: Final = 100


def check(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Check a successful answer before botocore reads it; a handler of botocore's event `before-parse`.

    Raises:
        ServiceError: The answer is a page of HTML without AWS's headers, shorter than it says, or JSON of another form.
    """
    if response_dict["status_code"] not in _SUCCESSES or operation_model.http.get("method") == "HEAD":
        return  # the answer to a HEAD states the length of a body that is not sent
    headers, body = response_dict["headers"], response_dict["body"]
    prefix = f"{operation_model.service_model.service_id} answered {operation_model.name}"
    if "text/html" in headers.get("content-type", "") and not any(name.lower().startswith("x-amz") for name in headers):
        raise ServiceError(f"{prefix} with a page of HTML, which comes from a proxy in between")
    length = headers.get("content-length", "")
    if isinstance(body, bytes) and length.isdecimal() and len(body) < int(length):
        raise ServiceError(f"{prefix} with only {len(body)} of {length} bytes before the connection ended")
    if _is_no_object(operation_model, body):
        raise ServiceError(f"{prefix} with something else than an object: {body[:_MAX_SHOWN].decode(errors='replace')}")


def _is_no_object(operation_model: Any, body: Any) -> bool:
    """Whether the body is JSON but not an object, as the protocol requires. Streamed bodies are not checked."""
    if operation_model.service_model.metadata.get("protocol") not in _OBJECTS or not isinstance(body, bytes):
        return False
    output = operation_model.output_shape
    is_payload = output is not None and "payload" in output.serialization
    return not is_payload and body.strip()[:1] in _OTHER_FIRST_BYTES
