# SPDX-License-Identifier: Apache-2.0
"""Turns failures of AWS into our errors. Only this file names botocore's exceptions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as LostConnectionError

from federation.errors import ServiceError

_ABSENT: Final = 404
_NO_BUCKET: Final = "NoSuchBucket"


@contextmanager
def service_call(service: str, operation: str) -> Iterator[None]:
    """Turn botocore's exceptions into a ServiceError that names the service, the operation and AWS's code.

    Raises:
        ServiceError: The call failed; it may succeed later.
    """
    try:
        yield
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message", "")
        raise ServiceError(f"{service} answered {operation} with {code_of(error)}: {message}") from error
    except (HTTPClientError, LostConnectionError) as error:
        raise ServiceError(f"{service} could not be reached for {operation}: {error}") from error
    except BotoCoreError as error:
        raise ServiceError(f"{operation} was not sent to {service}: {error}") from error


def code_of(error: BaseException | None) -> str:
    """AWS's error code; empty if there was no answer."""
    if not isinstance(error, ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", "an error without a code"))


def status_of(error: BaseException | None) -> int:
    """The HTTP status of the answer; 0 if there was none."""
    if not isinstance(error, ClientError):
        return 0
    metadata: dict[str, Any] = error.response.get("ResponseMetadata", {})
    return int(metadata.get("HTTPStatusCode", 0))


def lacks_bucket(error: BaseException | None) -> bool:
    """Whether S3 has no bucket of that name."""
    return code_of(error) == _NO_BUCKET


def is_absent(error: BaseException | None) -> bool:
    """Whether S3 has no such object; False if the bucket itself is missing, since its name may be wrong."""
    return status_of(error) == _ABSENT and not lacks_bucket(error)
