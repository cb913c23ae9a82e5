# SPDX-License-Identifier: Apache-2.0
"""Turns failures of a cluster into our errors. Only this file names the exceptions of the cluster's client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from federation.errors import ServiceError


@contextmanager
def service_call(operation: str) -> Iterator[None]:
    """Turn the client's exceptions into a ServiceError with the operation and the cluster's message."""
    from kubernetes.client.exceptions import OpenApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (
        OpenApiException,
        ConfigException,
        HTTPError,
        OSError,
        ValueError,
    ) as error:  # ValueError: an unexpected form
        raise ServiceError(f"Kubernetes: {operation} failed: {_error_text(error)}") from error


def checked(answer: Any, operation: str) -> Any:
    """The same object that the client read from an answer, if it is one.

    Raises:
        ServiceError: It is not an object of a cluster: the client accepts null and {}.
    """
    if getattr(answer, "metadata", None) is None:
        raise ServiceError(f"Kubernetes: {operation} failed: the answer is no object of a cluster")
    return answer


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status of the client's error, or None if there was no answer."""
    return getattr(error, "status", None)


def _error_text(error: Exception) -> str:
    """Code, reason and message of the response's Status object, or why there was no response."""
    status = status_of(error)
    if status is None:
        return f"{type(error).__name__}: {error}"
    document = _status_object(getattr(error, "body", None))
    return f"{status} {document.get('reason') or getattr(error, 'reason', '')}: {document.get('message', 'no message')}"


def _status_object(body: Any) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
