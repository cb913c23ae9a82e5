# SPDX-License-Identifier: Apache-2.0
"""Turns failures of the Hub into our errors. Only this file names the exceptions of the Hub's client."""

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import Any, Final

import msgspec

from federation.errors import ServiceError

_UNAUTHORISED: Final = 401
_UNREADABLE: Final = (AttributeError, LookupError, TypeError)
"""Exceptions of the client for JSON of an unexpected form."""
_TOO_MANY: Final = 429
_MAX_SHOWN: Final = 200


@contextmanager
def service_call(operation: str) -> Iterator[None]:
    """Turn the client's exceptions into a ServiceError with the operation and the Hub's message."""
    from httpx2 import HTTPError

    try:
        yield
    except (HTTPError, OSError, JSONDecodeError, msgspec.ValidationError, *_UNREADABLE) as error:
        raise ServiceError(f"Hugging Face Hub: {operation} failed: {_error_text(error)}") from error


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status of the client's error, or None if there was no answer."""
    response = getattr(error, "response", None)
    return None if response is None else int(response.status_code)


def _error_text(error: Exception) -> str:
    """Status, code and message of the response, or why there was none."""
    status = status_of(error)
    if isinstance(error, JSONDecodeError):
        return f"the answer is no JSON: {' '.join(error.doc[:_MAX_SHOWN].split()) or 'it is empty'}"
    if isinstance(error, _UNREADABLE):
        return f"the answer has an unexpected form: {type(error).__name__}: {error}"
    if status is None:
        return f"{type(error).__name__}: {error}".strip()
    headers = error.response.headers  # type: ignore[attr-defined]  # status_of has seen it
    message = getattr(error, "server_message", None) or headers.get("X-Error-Message") or "no message"
    renew = "; renew the token (HF_TOKEN)" if status == _UNAUTHORISED else ""
    wait = (
        f"; it asks to wait: {limit}" if (limit := headers.get("Retry-After") or _used_quota(status, headers)) else ""
    )
    return f"{status} {headers.get('X-Error-Code', '')}".rstrip() + f": {message}{renew}{wait}"


def _used_quota(status: int, headers: Any) -> str | None:
    """The used quota, which every answer of the Hub states; None if quota is not the reason (https://huggingface.co/docs/hub/rate-limits)."""
    return headers.get("RateLimit") if status == _TOO_MANY else None
