# SPDX-License-Identifier: Apache-2.0
"""Which accounts, buckets, projects, senders and refs are trusted?

Only what the document names is trusted. Secrets are never shown in a repr.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import asdict

from federation.errors import ContractError
from federation.sources.reading import quoted

_ACCOUNT: Final = r"[0-9]{12}"
_NAME: Final = r"[!-~]{1,1024}"
_TICK: Final = r"projects/[^/]+/subscriptions/(?:.*[-_.])?ticks?(?:[-_.].*)?"


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """The entry points' policy. Sets are compared exactly; only `hub_refs` are patterns, in which `*` stops at a slash."""

    aws_accounts: frozenset[str] = frozenset()
    s3_buckets: frozenset[str] = frozenset()
    sns_topics: frozenset[str] | None = None
    project: str | None = None
    project_number: str | None = None
    gcs_buckets: frozenset[str] = frozenset()
    audiences: Mapping[str, str] = msgspec.field(default_factory=dict)
    push_email: str | None = None
    scheduler_email: str | None = None
    subscriptions: frozenset[str] = frozenset()
    tick_subscriptions: frozenset[str] = frozenset()
    hub_owners: frozenset[str] = frozenset()
    hub_secret: str | None = None
    hub_refs: tuple[re.Pattern[str], ...] = ()
    hub_registries: frozenset[str] = frozenset()
    sentinel: str | None = None
    azure_workspaces: frozenset[str] = frozenset()
    azure_token: str | None = None
    alertmanager_token: str | None = None
    grafana_secret: str | None = None
    grafana_timestamp_header: str | None = None

    def __repr__(self) -> str:
        return f"Trust({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in asdict(self).items() if name not in _SECRETS]

    @property
    def projects(self) -> frozenset[str]:
        """The project under both of its names, id and number."""
        return frozenset(name for name in (self.project, self.project_number) if name)

    @classmethod
    def read(cls, document: Any) -> "Trust":
        """The trust that a policy document states.

        Args:
            document: A mapping with the keys `TRUST_KEYS`, each optional; other keys are ignored.

        Raises:
            ContractError: Some values have the wrong type; the error lists all of them.
        """
        if not isinstance(document, Mapping):
            raise ContractError(
                "the trust document is not an object; write a JSON object with the keys that docs/sources.md lists"
            )
        faults: list[str] = []
        values = {
            name: _value_of(key, document[key], reads, faults)
            for name, (key, reads) in _KEYS.items()
            if key in document
        }
        if faults:
            hint = "Correct these keys; docs/sources.md says what each of them contains."
            raise ContractError("the trust document cannot be used", tuple(faults), hint=hint)
        return cls(**_with_tick_subscriptions({name: value for name, value in values.items() if value is not None}))


def _value_of(key: str, value: Any, reads: Callable[[Any], Any], faults: list[str]) -> Any:
    """A key's value as read. Null counts as absent; a fault is added to `faults`, and None is returned."""
    if value is None:
        return None
    try:
        return reads(value)
    except ValueError as error:
        faults.append(f"{key}: {error}")
    return None


def _with_tick_subscriptions(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the push subscriptions for ticks: those stated, else those with `tick` in the name."""
    by_name = frozenset(name for name in values.get("subscriptions", ()) if re.fullmatch(_TICK, name))
    ticks = values.get("tick_subscriptions", by_name)
    return {**values, "tick_subscriptions": ticks, "subscriptions": values.get("subscriptions", frozenset()) | ticks}


def _name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_NAME, value):
        raise ValueError(f"{quoted(value)} is not a name of 1 to 1024 visible ASCII characters")
    return value


def _secret(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isascii():
        raise ValueError("a secret must be ASCII text of at least one character")
    return value


def _number(value: Any) -> str:
    shown = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(shown, str) or not shown.isascii() or not shown.isdigit():
        raise ValueError(f"{quoted(value)} is not a project number; write its digits")
    return shown


def _account(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_ACCOUNT, value):
        raise ValueError(f"{quoted(value)} is not an account; write its twelve digits as text")
    return value


def _set_of(reads: Callable[[Any], str]) -> Callable[[Any], frozenset[str]]:
    def read(value: Any) -> frozenset[str]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{quoted(value)} is not a list; write a list of texts")  # noqa: TRY004 - _value_of collects ValueErrors
        return frozenset(reads(member) for member in value)

    return read


def _one_or_more(value: Any) -> frozenset[str]:
    return _set_of(_name)([value] if isinstance(value, str) else value)


def _audiences(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{quoted(value)} is not an object; write an audience for each purpose")  # noqa: TRY004 - _value_of collects ValueErrors
    return {str(purpose): _name(audience) for purpose, audience in value.items()}


def _workspaces(value: Any) -> frozenset[str]:
    """Lower-cased resource ids: Azure compares them case-insensitively, and its services differ in spelling."""
    return frozenset(name.lower() for name in _set_of(_name)(value))


def _patterns(value: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(_pattern(glob) for glob in sorted(_one_or_more(value)))


def _pattern(glob: str) -> re.Pattern[str]:
    """Each star but the last matches as little as possible and never backtracks, so a long ref cannot slow it down."""
    first, *others = map(re.escape, glob.split("*"))
    inner = "".join(f"(?>[^/]*?{text})" for text in others[:-1])
    return re.compile(f"{first}{inner}{'[^/]*' if others else ''}{others[-1] if others else ''}")


_KEYS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "aws_accounts": ("aws_accounts", _set_of(_account)),
    "s3_buckets": ("s3_buckets", _set_of(_name)),
    "sns_topics": ("sns_topics", _set_of(_name)),
    "project": ("gcp_project", _name),
    "project_number": ("gcp_project_number", _number),
    "gcs_buckets": ("gcs_buckets", _set_of(_name)),
    "audiences": ("oidc_audience", _audiences),
    "push_email": ("push_email", _name),
    "scheduler_email": ("scheduler_email", _name),
    "subscriptions": ("push_subscriptions", _set_of(_name)),
    "tick_subscriptions": ("tick_subscriptions", _set_of(_name)),
    "hub_owners": ("hf_owner", _one_or_more),
    "hub_secret": ("hf_secret", _secret),
    "hub_refs": ("hf_refs", _patterns),
    "hub_registries": ("hf_registry", _one_or_more),
    "sentinel": ("sentinel", _name),
    "azure_workspaces": ("azure_workspaces", _workspaces),
    "azure_token": ("azure_token", _secret),
    "alertmanager_token": ("alertmanager_token", _secret),
    "grafana_secret": ("grafana_secret", _secret),
    "grafana_timestamp_header": ("grafana_timestamp_header", _name),
}
"""The document's key of each field, and the function that reads its value."""
TRUST_KEYS: Final = tuple(key for key, _ in _KEYS.values())
"""The keys of a trust document; docs/sources.md says what each of them contains."""
_SECRETS: Final = frozenset(name for name, (_, reads) in _KEYS.items() if reads is _secret)
