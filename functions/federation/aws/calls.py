# SPDX-License-Identifier: Apache-2.0
"""What does a failure of AWS mean to a step? The only place that knows botocore's exceptions."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    HTTPClientError,
    InvalidConfigError,
    MissingDependencyException,
)
from botocore.exceptions import ConnectionError as LostConnectionError

from federation.errors import FederationError, ServiceError, SettingsError

_ABSENT: Final = 404
_NO_BUCKET: Final = "NoSuchBucket"
_MISCONFIGURED: Final = (
    ConfigNotFound,
    ConfigParseError,
    InvalidConfigError,
    MissingDependencyException,
)
_CLOCK: Final = re.compile(r"RequestTimeTooSkewed|Signature (expired|not yet current)")
"""What AWS says of a signature with another time than its own: S3 by its code, the other services in words."""


@contextmanager
def service_call(service: str, operation: str) -> Iterator[None]:
    """Turn what botocore raises into an error of ours that names the service, the operation and AWS's own code.

    Raises:
        ServiceError: The call failed; it may succeed later.
        SettingsError: It cannot succeed from this machine: its clock is wrong, or its configuration of AWS.
    """
    try:
        yield
    except ClientError as error:
        raise _refused(service, operation, error) from error
    except (HTTPClientError, LostConnectionError) as error:
        raise ServiceError(f"{service} could not be reached for {operation}: {error}") from error
    except _MISCONFIGURED as error:
        hint = (
            "Mend AWS's configuration on this machine (~/.aws/config, AWS_PROFILE), then give the same command again."
        )
        raise SettingsError(f"{operation} was not sent to {service}: {error}", hint=hint) from error
    except BotoCoreError as error:
        raise ServiceError(f"{operation} was not sent to {service}: {error}") from error


def _refused(service: str, operation: str, error: ClientError) -> FederationError:
    told = f"{code_of(error)}: {error.response.get('Error', {}).get('Message', '')}"
    text = f"{service} answered {operation} with {told}"
    if not _CLOCK.search(told):
        return ServiceError(text)
    return SettingsError(text, hint="This machine's clock is wrong: set it, then give the same command again.")


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
    """Whether S3 has no such object; False if there is no such bucket, since a misnamed bucket is not an empty one."""
    return status_of(error) == _ABSENT and not lacks_bucket(error)
