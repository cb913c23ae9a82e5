# SPDX-License-Identifier: Apache-2.0
"""Is an answer AWS's own, and is it whole? botocore takes half a list for all of it, and a proxy's page for an empty answer.

Of answers that it does not stream it compares no lengths, and JSON that it cannot read counts as an object without members.
"""

from typing import Any, Final

from federation.errors import ServiceError

_SUCCESSES: Final = range(200, 300)


def check(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Look at a successful answer before botocore reads it; for its event `before-parse`.

    Raises:
        ServiceError: It is a page of HTML without AWS's headers, or shorter than it says.
    """
    if response_dict["status_code"] not in _SUCCESSES or operation_model.http.get("method") == "HEAD":
        return  # whose answer states the length of a body that does not come
    headers, body = response_dict["headers"], response_dict["body"]
    asked = f"{operation_model.service_model.service_id} answered {operation_model.name}"
    if "text/html" in headers.get("content-type", "") and not any(name.lower().startswith("x-amz") for name in headers):
        raise ServiceError(f"{asked} with a page of HTML, which is not its own but that of a proxy on the way")
    stated = headers.get("content-length", "")
    if isinstance(body, bytes) and stated.isdecimal() and len(body) < int(stated):
        raise ServiceError(f"{asked} with {len(body)} of {stated} bytes, and then the connection ended")
