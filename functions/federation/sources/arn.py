# SPDX-License-Identifier: Apache-2.0
"""Which AWS resource does an ARN name, in which partition and account?

ARN format: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html. Partitions are not listed: `aws`,
`aws-cn`, `aws-us-gov` and those to come.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from federation.sources.reading import UnreadableError, quoted
from federation.sources.trust import Trust

_VISIBLE: Final = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_ARN: Final = r"arn:(aws(?:-[a-z]+)*):([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|):(" + _VISIBLE + r"{1,1024})"
_RESOURCES: Final[Mapping[str, str]] = {
    "training-job": r"training-job/[A-Za-z0-9][A-Za-z0-9-]{0,62}",
    "model-package": r"model-package/[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:/[0-9]{1,9})?",
    "endpoint": r"endpoint/[A-Za-z0-9][A-Za-z0-9-]{0,62}",
    "alarm": "alarm:" + _VISIBLE + "{1,255}",
    "schedule": r"schedule/[0-9A-Za-z_.-]{1,64}/[0-9A-Za-z_.-]{1,64}",
}


class Arn(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an ARN; `text` is the whole ARN."""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: str

    @property
    def name(self) -> str:
        """The last part of the resource."""
        return re.split(r"[/:]", self.resource)[-1]


def parse_arn(value: Any) -> Arn | None:
    """`value` as an ARN, or None if it is not one."""
    match = re.fullmatch(_ARN, value) if isinstance(value, str) else None
    if match is None:
        return None
    partition, service, region, account, resource = match.groups()
    return Arn(text=match[0], partition=partition, service=service, region=region, account=account, resource=resource)


def require_arn(value: Any, service: str, kind: str) -> Arn:
    """The ARN of a resource of this service and kind.

    Raises:
        UnreadableError: `bad_arn`.
    """
    arn = parse_arn(value)
    if arn is None or arn.service != service or not re.fullmatch(_RESOURCES[kind], arn.resource):
        raise UnreadableError(
            "bad_arn", f"The ARN is {quoted(value)}; it must be that of a {service} {kind}. Check what sends it."
        )
    return arn


def in_account(arn: Arn, account: Any) -> None:
    """Raise unless the ARN belongs to the account that stamped the envelope.

    Raises:
        UnreadableError: `account_mismatch`.
    """
    if arn.account != account:
        why = (
            f"An ARN is in account {quoted(arn.account)}, but the payload is from {quoted(account)}. "
            "Check who sends it."
        )
        raise UnreadableError("account_mismatch", why)


def trusted_account(account: Any, trust: Trust) -> str:
    """`account` if it is one of ours.

    Raises:
        UnreadableError: `account_not_allowed`.
    """
    if not isinstance(account, str) or account not in trust.aws_accounts:
        raise UnreadableError(
            "account_not_allowed",
            f"The account is {quoted(account)}, which is not in aws_accounts of the trust document. "
            "If it is yours, add it, as text.",
        )
    return account


def all_in_account(resources: Any, account: str) -> None:
    """Raise unless every resource in an envelope belongs to the account that stamped it (S3's ARNs state no account).

    Raises:
        UnreadableError: `account_mismatch`.
    """
    names: Iterable[Any] = resources if isinstance(resources, list) else ()
    for arn in filter(None, map(parse_arn, names)):
        if arn.account:
            in_account(arn, account)
