# SPDX-License-Identifier: Apache-2.0
"""What does a failure of the Hub mean to a step? No other module knows the exceptions of the Hub's client."""

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from typing import Any, Final

import msgspec

from federation.errors import ServiceError

_UNAUTHORISED: Final = 401
_UNREADABLE: Final = (AttributeError, LookupError, TypeError)
"""What the client raises for JSON of a form that it does not expect."""
_TOO_MANY: Final = 429
_SHOWN: Final = 200


@contextmanager
def service_call(operation: str) -> Iterator[None]:
    """Turn whatever the client raises within into a ServiceError that names the operation and the Hub's own words."""
    from httpx2 import HTTPError  # noqa: PLC0415 - with the client

    try:
        yield
    except (HTTPError, OSError, JSONDecodeError, msgspec.ValidationError, *_UNREADABLE) as error:
        raise ServiceError(f"Hugging Face Hub: {operation} failed: {_words(error)}") from error


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status behind an error of the client, or None when there was no answer."""
    response = getattr(error, "response", None)
    return None if response is None else int(response.status_code)


def _words(error: Exception) -> str:
    """Status, code and message of the response, or the reason why there was none."""
    status = status_of(error)
    if isinstance(error, JSONDecodeError):
        return f"the answer is no JSON: {' '.join(error.doc[:_SHOWN].split()) or 'it is empty'}"
    if isinstance(error, _UNREADABLE):
        return f"the answer has an unexpected form: {type(error).__name__}: {error}"
    if status is None:
        return f"{type(error).__name__}: {error}".strip()
    headers = error.response.headers  # type: ignore[attr-defined]  # status_of has seen it
    said = getattr(error, "server_message", None) or headers.get("X-Error-Message") or "no message"
    renew = "; renew the token (HF_TOKEN)" if status == _UNAUTHORISED else ""
    wait = f"; it asks to wait: {told}" if (told := headers.get("Retry-After") or _limit(status, headers)) else ""
    return f"{status} {headers.get('X-Error-Code', '')}".rstrip() + f": {said}{renew}{wait}"


def _limit(status: int, headers: Any) -> str | None:
    """The quota that is used up, which the Hub states with every answer (https://huggingface.co/docs/hub/rate-limits)."""
    return headers.get("RateLimit") if status == _TOO_MANY else None
