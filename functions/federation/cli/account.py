# SPDX-License-Identifier: Apache-2.0
"""Did the call fail because nobody is logged in, or because the caller may not do this?

An adapter reports that a service failed, which is right for a function: it runs again. But a person has to log in. The
client's own exception is the error's cause; it is recognised by the name of its class, so that no client is loaded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from federation.errors import FederationError, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFault:
    """A code for scripts, what to do, and the exit code."""

    code: str
    hint: str
    exit_code: int = SettingsError.exit_code


_AGAIN: Final = "then run the same command again."
_AWS_LOGIN: Final = AccountFault(
    code="login",
    hint="Not logged in to AWS, or the login has expired: run `aws sso login` with the AWS_PROFILE of docs/operations.md, "
    f"{_AGAIN}",
)
_GOOGLE_LOGIN: Final = AccountFault(
    code="login",
    hint=f"Not logged in to Google Cloud, or the login has expired: run `gcloud auth application-default login`, {_AGAIN}",
)
_PROFILE: Final = AccountFault(
    code="login",
    hint="AWS_PROFILE names a profile that does not exist on this machine. `aws configure list-profiles` lists them. "
    f"Set it, {_AGAIN}",
)
_REGION: Final = AccountFault(
    code="settings", hint="AWS_DEFAULT_REGION is not set; federation.env sets it (docs/operations.md)."
)
_PROJECT: Final = AccountFault(
    code="settings", hint="GOOGLE_CLOUD_PROJECT is not set; federation.env sets it (docs/operations.md)."
)
_AWS_RIGHTS: Final = AccountFault(
    code="denied",
    hint="`aws sts get-caller-identity` prints your identity. You need a role with the policy `operator_policy`, and for "
    "--direct a role with `emergency_policy` (docs/operations.md).",
)
_GOOGLE_RIGHTS: Final = AccountFault(
    code="denied",
    hint="The account of `gcloud auth application-default login` (`gcloud auth list` may show another) must be "
    "in the variable `operators`, and for --direct be allowed to act as `emergency_account` (docs/operations.md).",
)

_AWS_CONFIGURATION: Final = AccountFault(
    code="settings", hint=f"Fix the AWS configuration of this machine (~/.aws/config, AWS_PROFILE), {_AGAIN}"
)
_CLOCK: Final = AccountFault(code="settings", hint=f"The clock of this machine is wrong: set it, {_AGAIN}")

_BY_CLASS: Final = {
    "NoCredentialsError": _AWS_LOGIN,
    "PartialCredentialsError": _AWS_LOGIN,
    "CredentialRetrievalError": _AWS_LOGIN,
    "NoAuthTokenError": _AWS_LOGIN,
    "TokenRetrievalError": _AWS_LOGIN,
    "SSOError": _AWS_LOGIN,
    "LoginError": _AWS_LOGIN,
    "ProfileNotFound": _PROFILE,
    "NoRegionError": _REGION,
    "ConfigNotFound": _AWS_CONFIGURATION,
    "ConfigParseError": _AWS_CONFIGURATION,
    "InvalidConfigError": _AWS_CONFIGURATION,
    "MissingDependencyException": _AWS_CONFIGURATION,
    "DefaultCredentialsError": _GOOGLE_LOGIN,
    "RefreshError": _GOOGLE_LOGIN,
    "UserAccessTokenError": _GOOGLE_LOGIN,
    "Unauthorized": _GOOGLE_LOGIN,
    "Forbidden": _GOOGLE_RIGHTS,
}
"""By the name of an exception class, or of its base, in botocore, google.auth or google.api_core."""
_BY_CODE: Final = {
    **dict.fromkeys(
        (
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
            "UnauthorizedException",
            "UnrecognizedClientException",
        ),
        _AWS_LOGIN,
    ),
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "AuthorizationError", "KMS.AccessDeniedException"), _AWS_RIGHTS
    ),
}
"""By the error code in AWS's response."""
_TOO_EARLY_OR_LATE: Final = ("RequestTimeTooSkewed", "Signature expired", "Signature not yet current")
"""How AWS rejects a signature whose time is not its own: S3 by its code, the other services in words."""
_IN_WORDS: Final = {
    "Getting metadata from plugin failed": _GOOGLE_LOGIN,  # how gRPC says that it got no token
    "Project was not passed": _PROJECT,
}


def account_fault(error: FederationError) -> AccountFault | None:
    """What is wrong with the caller's account; None if the error has another cause."""
    return next((fault for cause in _causes(error) if (fault := _fault_of_cause(cause))), None)


def _causes(error: FederationError) -> Iterator[Any]:
    """The clients' exceptions behind an error, as far as the next error of ours."""
    cause: Any = error.__cause__
    while cause is not None and not isinstance(cause, FederationError):
        yield cause
        cause = getattr(cause, "cause", None) or cause.__cause__


def _fault_of_cause(cause: Any) -> AccountFault | None:
    classes = [base.__name__ for base in type(cause).__mro__ if base.__module__.startswith(("botocore.", "google."))]
    response = getattr(cause, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    if any(phrase in str(cause) for phrase in _TOO_EARLY_OR_LATE):
        return _CLOCK
    words = (fault for phrase, fault in _IN_WORDS.items() if phrase in str(cause))
    by_class = (_BY_CLASS[name] for name in classes if name in _BY_CLASS)
    return next(by_class, None) or _BY_CODE.get(code) or next(words, None)
