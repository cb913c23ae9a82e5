# SPDX-License-Identifier: Apache-2.0
"""What does a failure of a cluster mean to a step? No other module knows the exceptions of the cluster's client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from federation.errors import ServiceError


@contextmanager
def service_call(operation: str) -> Iterator[None]:
    """Turn whatever the client raises within into a ServiceError that names the operation and the cluster's own words."""
    from kubernetes.client.exceptions import OpenApiException  # noqa: PLC0415 - with the client
    from kubernetes.config import ConfigException  # noqa: PLC0415 - with the client
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - with the client

    try:
        yield
    except (OpenApiException, ConfigException, HTTPError, OSError, ValueError) as error:  # ValueError: another shape
        raise ServiceError(f"Kubernetes: {operation} failed: {_words(error)}") from error


def whole(found: Any, operation: str) -> Any:
    """What the client read from an answer.

    Raises:
        ServiceError: It is no object of a cluster: the client reads null and {} without a complaint.
    """
    if getattr(found, "metadata", None) is None:
        raise ServiceError(f"Kubernetes: {operation} failed: the answer is no object of a cluster")
    return found


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status behind an error of the client, or None when there was no answer."""
    return getattr(error, "status", None)


def _words(error: Exception) -> str:
    """The Status object of the response (code, reason, message), or the reason why there was none."""
    status = status_of(error)
    if status is None:
        return f"{type(error).__name__}: {error}"
    said = _status_object(getattr(error, "body", None))
    return f"{status} {said.get('reason') or getattr(error, 'reason', '')}: {said.get('message', 'no message')}"


def _status_object(body: Any) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
