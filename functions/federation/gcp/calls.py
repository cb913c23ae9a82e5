# SPDX-License-Identifier: Apache-2.0
"""Which of our errors does a failure of Google's clients become?

404 is MissingError and 409 or 412 ConflictError; everything else is ServiceError: throttled, down, timed out, unreachable,
forbidden. This is the only file that names the clients' exceptions, and it imports them only once something has failed.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from federation.errors import ConflictError, FederationError, MissingError, ServiceError

_MISSING: Final = 404
_CONFLICTS: Final = frozenset({409, 412})
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
_SHOWN: Final = 300


@contextmanager
def service_call(service: str, operation: str) -> Iterator[None]:
    """Turn an exception of a client into ours, with the client's own as its cause.

    Raises:
        MissingError: What was asked for is not there.
        ConflictError: A precondition does not hold.
        ServiceError: Anything else.
    """
    try:
        yield
    except _raised() as error:
        raise meaning(service, operation, status_of(error), said(error)) from error


def meaning(service: str, operation: str, status: int | None, why: str) -> FederationError:
    """Our error for a status and the service's message."""
    text = f"{service} did not {operation}: {why}"
    if status == _MISSING:
        return MissingError(text)
    return ConflictError(text) if status in _CONFLICTS else ServiceError(text)


def generation_of(blob: Any) -> int:
    """The generation that was read or written, which each answer of Cloud Storage names.

    Raises:
        ServiceError: The answer names none, so it is the page of a proxy on the way.
    """
    if blob.generation is None:
        raise ServiceError(f"the answer about {blob.name} has no generation, so it did not come from Cloud Storage")
    return int(blob.generation)


def is_transient(error: BaseException) -> bool:
    """Whether a retry may succeed soon; the failed call may have taken effect all the same."""
    status = status_of(error)
    return status in _PASSING if status is not None else isinstance(error, _unreached())


def status_of(error: BaseException) -> int | None:
    """The HTTP status: for gRPC the one that its code maps to, for a retried call that of the last attempt."""
    cause: Any = getattr(error, "cause", None) or error
    code = getattr(cause, "code", None)
    if isinstance(code, int):
        return int(code)
    status = getattr(getattr(cause, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def said(error: BaseException) -> str:
    """The service's own code and message, on one line."""
    cause: Any = getattr(error, "cause", None) or error
    words = " ".join(str(getattr(cause, "message", None) or cause).split())
    status = status_of(error)
    return f"{status or type(cause).__name__}: {words}"[:_SHOWN]


def retry_policy(seconds: float, failed: Callable[[BaseException], object] | None = None) -> Any:
    """The google.api_core retry of transient failures.

    Args:
        seconds: Total time for all attempts.
        failed: Called with each such failure.
    """
    from google.api_core.retry import Retry  # noqa: PLC0415 - the client has imported it already

    def hear(error: BaseException) -> None:
        _hang_up(error)
        if failed:
            failed(error)

    return Retry(predicate=is_transient, initial=0.1, maximum=2.0, timeout=seconds, on_error=hear)


def _raised() -> tuple[type[Exception], ...]:
    """Everything that Google's clients raise on purpose."""
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - see the first docstring
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - the same

    return GoogleAPIError, GoogleAuthError, *_unreached(), *_spoiled()


def _unreached() -> tuple[type[Exception], ...]:
    """Failed, broken or timed-out connections; everything that requests raises is an OSError."""
    from google.auth.exceptions import TransportError  # noqa: PLC0415 - see the first docstring
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - the same

    return TransportError, HTTPError, OSError


def _spoiled() -> tuple[type[Exception], ...]:
    """Checksum failures, if the storage client is loaded: only it raises them."""
    module = sys.modules.get("google.cloud.storage.exceptions")
    return (module.DataCorruption, module.InvalidResponse) if module else ()


def _hang_up(error: BaseException) -> None:
    """Release the connection of an error response, which the storage client leaves to the garbage collector.

    An error of gRPC has a response, too, which holds none.
    """
    close = getattr(getattr(error, "response", None), "close", None)
    if close:
        close()
