# SPDX-License-Identifier: Apache-2.0
"""Turns failures of Google's clients into our errors.

404 becomes MissingError, and 409 or 412 ConflictError. Everything else becomes ServiceError: throttled, down, timed out,
unreachable, forbidden. Only this file names the clients' exceptions, and it imports them only after a failure.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from federation.errors import ConflictError, FederationError, MissingError, ServiceError

_MISSING: Final = 404
_CONFLICTS: Final = frozenset({409, 412})
_TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504})
_MAX_SHOWN: Final = 300


@contextmanager
def service_call(service: str, operation: str) -> Iterator[None]:
    """Turn an exception of a client into ours, with the client's exception as its cause.

    Raises:
        MissingError: The resource does not exist.
        ConflictError: A precondition does not hold.
        ServiceError: Anything else.
    """
    try:
        yield
    except _client_errors() as error:
        raise meaning(service, operation, status_of(error), error_text(error)) from error


def meaning(service: str, operation: str, status: int | None, why: str) -> FederationError:
    """Our error for a status and the service's message."""
    text = f"{service} did not {operation}: {why}"
    if status == _MISSING:
        return MissingError(text)
    return ConflictError(text) if status in _CONFLICTS else ServiceError(text)


def generation_of(blob: Any) -> int:
    """The generation that was read or written, which every answer of Cloud Storage contains.

    Raises:
        ServiceError: The answer has none, so it comes from a proxy in between.
    """
    if blob.generation is None:
        raise ServiceError(f"the answer about {blob.name} has no generation, so it did not come from Cloud Storage")
    return int(blob.generation)


def is_transient(error: BaseException) -> bool:
    """Whether a retry may succeed soon. The failed call may have taken effect."""
    status = status_of(error)
    return status in _TRANSIENT if status is not None else isinstance(error, _connection_errors())


def status_of(error: BaseException) -> int | None:
    """The HTTP status of the last attempt, for gRPC the one that its code maps to; None if there was no answer."""
    cause: Any = getattr(error, "cause", None) or error
    code = getattr(cause, "code", None)
    if isinstance(code, int):
        return int(code)
    status = getattr(getattr(cause, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def error_text(error: BaseException) -> str:
    """The service's code and message, on one line."""
    cause: Any = getattr(error, "cause", None) or error
    words = " ".join(str(getattr(cause, "message", None) or cause).split())
    status = status_of(error)
    return f"{status or type(cause).__name__}: {words}"[:_MAX_SHOWN]


def retry_policy(seconds: float, failed: Callable[[BaseException], object] | None = None) -> Any:
    """The google.api_core retry of transient failures.

    Args:
        seconds: Total time for all attempts.
        failed: Called with each such failure.
    """
    from google.api_core.retry import Retry

    def on_error(error: BaseException) -> None:
        _close_response(error)
        if failed:
            failed(error)

    return Retry(predicate=is_transient, initial=0.1, maximum=2.0, timeout=seconds, on_error=on_error)


def _client_errors() -> tuple[type[Exception], ...]:
    """The types of exceptions that Google's clients raise."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    return GoogleAPIError, GoogleAuthError, *_connection_errors(), *_checksum_errors()


def _connection_errors() -> tuple[type[Exception], ...]:
    """The types for failed, broken or timed-out connections. All exceptions of requests are OSErrors."""
    from google.auth.exceptions import TransportError
    from urllib3.exceptions import HTTPError

    return TransportError, HTTPError, OSError


def _checksum_errors() -> tuple[type[Exception], ...]:
    """The types for checksum failures. Only the storage client raises them, so there are none if it is not loaded."""
    module = sys.modules.get("google.cloud.storage.exceptions")
    return (module.DataCorruption, module.InvalidResponse) if module else ()


def _close_response(error: BaseException) -> None:
    """Close the connection of an error response, which the storage client leaves to the garbage collector.

    An error of gRPC has a response without a connection.
    """
    close = getattr(getattr(error, "response", None), "close", None)
    if close:
        close()
