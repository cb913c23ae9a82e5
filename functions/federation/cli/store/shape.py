# SPDX-License-Identifier: Apache-2.0
"""Which members must a stored document have, so that a page about it finds them?

This is not its schema: a stored document stays readable when a schema gains a rule. Only what the pages take for granted
is stated here, by the prefix of the document's name. Any other document must only be an object. Steps do not use this: if
they lack something in a document they fail, and the event is delivered again.
"""

from collections.abc import Mapping
from datetime import datetime
from types import GenericAlias
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from federation.core import names
from federation.core.budget import Commitment
from federation.core.manifest import Unit
from federation.stored import damaged


def _object(**members: Any) -> Any:
    """The type of an object with at least these members; a pair is a type and its default."""
    fields = [(name, *type_) if isinstance(type_, tuple) else (name, type_) for name, type_ in members.items()]
    return msgspec.defstruct("Shape", fields, kw_only=True, rename={"is_": "is"})


def _list(of: Any) -> Any:
    return GenericAlias(list, (of,))


def _by_name(of: Any) -> Any:
    return GenericAlias(dict, (str, of))


_TEXT_OR_NULL: Final = str | None
_ANY: Final = _by_name(Any)
_TIME: Final = Annotated[datetime, Meta(tz=True)]
_UNIT_NAME: Final = Annotated[str, Meta(pattern=r"-v[0-9]+$")]
_RELEASE_NAME: Final = Annotated[str, Meta(pattern=r"-ai-federated-v[0-9]+\.[0-9]+\.[0-9]+$")]
_VERDICT: Final = Literal["pass", "fail", "inconclusive"]
_WHY: Final = _object(why=str)
_SIGNED: Final = {"who": str, "why": str}
_CALLED: Final = {"name": str, "kind": str}

_EVENT: Final = _object(id=str, type=str, source=str, subject=str, time=str, dedupekey=str, data=_ANY)
_CHANNEL: Final = _object(counter=int, serving=(_ANY | None, None), moves=_list(_object(release=_TEXT_OR_NULL)))
_OUTCOME: Final = _object(
    why=str,
    documents=_by_name(str),
    move=_object(channel=str, expected=int, to=_CHANNEL) | None,
    acts=_list(_ANY),
    events=_list(_EVENT),
)
_DECISION: Final = {
    "step": str,
    "event": _EVENT,
    "now": _TIME,
    "reads": _list(_object(what=str, of=str, is_=Any)),
    "outcome": _OUTCOME,
}
_DECIDED: Final = {"decision": (_object(**_DECISION) | None, None)}
_TOLD: Final = _object(told=_list(_EVENT), **_DECIDED)

_VERSION: Final = _object(
    name=_UNIT_NAME,
    kind=str,
    unit=str,
    artifact=str,
    platform=str,
    uri=str,
    manifest_uri=str,
    completed_at=str,
    stated=Unit,
)
_REPORT: Final = _object(
    basis=_object(baseline=_TEXT_OR_NULL, anchor=_TEXT_OR_NULL, policy=str),
    verdict=_VERDICT,
    findings=_list(_object(gate=str, check=str, verdict=_VERDICT, reason=str, numbers=_by_name(str), items=_list(str))),
)
_MEMBER: Final = _object(
    name=_UNIT_NAME,
    artifact=str,
    digest=str,
    origin=str,
    platform=str,
    uri=str,
    files=_list(_object(sha256=str)),
)
_NAMED: Final = _object(name=_RELEASE_NAME, digest=str) | None
_RELEASE: Final = _object(
    name=_RELEASE_NAME,
    created_at=str,
    composition=str,
    policy=_object(name=str, version=int, digest=str),
    baseline=_NAMED,
    anchor=_NAMED,
    change=_WHY,
    api=str,
    units=_by_name(_MEMBER),
    routes=_list(_ANY),
    fallback=_list(str),
    distillation=_ANY | None,
    checklist=_list(_object(item=str, yes=bool, why=str)),
)
_ENDED: Final = _object(name=str, failure=str, at=_TIME, followed_by=_TEXT_OR_NULL)

_SHAPES: Final[Mapping[str, Any]] = {
    names.EVENTS: _EVENT,
    names.PARKED: _object(entry=str, error=str, why=str, bytes=int),
    names.ALARMS: _object(key=str, state=str, at=str),
    names.SETTLED: _TOLD,
    names.WAITING: _object(event=_object(subject=str), why=str, decision=_object(**_DECISION)),
    names.VERSIONS: _VERSION,
    names.REPORTS: _object(report=_REPORT, unit=_VERSION, **_DECIDED),
    names.MERGES: _object(release=str, **_DECIDED),
    names.REGATE_LISTS: _TOLD,
    names.RELEASES: _RELEASE,
    names.RECEIPTS: _object(commit=str, digest=str),
    names.UNPUBLISHED: _WHY,
    names.APPROVALS: _object(release=str, **_SIGNED),
    names.POLICY_ORDERS: _object(**_SIGNED),
    names.DECISIONS: _object(schema=Literal["decision.v1"], **_DECISION),
    names.COMMITTED: Commitment,
    names.HELD_JOBS: _object(told=_object(why=str, opens=str, **_CALLED), request=_ANY),
    names.REFUSED_JOBS: _object(why=str, **_CALLED),
    names.FAILED_JOBS: _ENDED,
    names.LOST_JOBS: _ENDED,
    names.EXPECTED_JOBS: _ANY,
    names.ENDED_JOBS: _ANY,
    names.TURNED_AWAY_JOBS: _WHY,
    names.JOBS: _object(job=_ANY, told=_WHY, **_CALLED),
}
"""Types by prefix. A longer prefix comes before a shorter one that begins alike."""


def shaped(name: str, document: Any) -> Any:
    """The document unchanged, once it is seen to have every member that its readers take for granted.

    Raises:
        ContractError: A member is missing, so the document is damaged.
    """
    try:
        msgspec.convert(document, next((shape for prefix, shape in _SHAPES.items() if name.startswith(prefix)), _ANY))
    except msgspec.ValidationError as error:
        raise damaged(name, error) from error
    return document
