# SPDX-License-Identifier: Apache-2.0
"""What is stored in a home, and in what state is it?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from federation.cli.store.moves import with_all_moves
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core import instant, names
from federation.core.channel import Channel
from federation.core.decision import decision_in
from federation.core.digest import digest
from federation.core.report import Basis, basis_of, reasons
from federation.core.version import version_of
from federation.gathering import Reads

UnitState = Literal["serving", "quarantined", "passed", "refused", "inconclusive", "waiting", "superseded", "rejected"]
ReleaseState = Literal["serving", "rolled back", "warm", "anchor", "served before", "assembled"]
_VERDICTS: Final[Mapping[str, UnitState]] = {"pass": "passed", "fail": "refused", "inconclusive": "inconclusive"}
LOOKED_AT: Final = 50
"""How many entries of a list that grows without end are read, the newest ones, unless all are wanted."""
BACK: Final = 20
"""For a kind with quarantined units: how many versions before the serving one are read to find their names."""
_REJECTED: Final = frozenset({events.ARTIFACT_REJECTED, events.UNIT_REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLine:
    """One unit: its state, why in a sentence, and the documents that say so."""

    name: str
    state: UnitState
    why: str
    artifact: str | None
    documents: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLine:
    """One release: its state and why, the release it replaced, its units, and its registry commit."""

    name: str
    state: ReleaseState
    created_at: str
    baseline: str | None
    units: Sequence[str]
    why: str
    published: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Units, and how many accepted units and completions were not read because they are older."""

    lines: Sequence[UnitLine]
    older: int
    unread: int


def units(shelf: Shelf, *, every: bool = True) -> Units:
    """The accepted units in the order of their names, then the rejected ones.

    Args:
        shelf: The home's documents.
        every: Whether to include units older than the serving one of their kind, and rejections before the last LOOKED_AT
            completions.
    """
    case = _case(shelf)
    stored = shelf.names(names.VERSIONS)
    wanted = stored if every else [place for place in stored if case.is_open(place)]
    versions = [version for _, version in shelf.documents(wanted)]
    places = [case.report_of(version) for version in versions]
    reports = dict(shelf.documents(places))
    accepted = [_unit(case, version, reports.get(place)) for version, place in zip(versions, places, strict=True)]
    completions = shelf.names(names.SETTLED)
    looked_at = completions if every else sorted(shelf.latest(names.SETTLED, count=LOOKED_AT))
    lines = [*accepted, *_rejected(shelf, looked_at)]
    return Units(lines=lines, older=len(stored) - len(wanted), unread=len(completions) - len(looked_at))


def unit(shelf: Shelf, name: str) -> UnitLine | None:
    """The unit of that name, or its latest rejection if it was never accepted; None if neither is stored."""
    place = names.version_named(name)
    if place is None:
        return None
    version = shelf.document(place)
    if version is not None and version["name"] == name:
        case = _case(shelf)
        return _unit(case, version, shelf.document(case.report_of(version)))
    rejections = [line for line in _rejected(shelf, shelf.names(names.SETTLED)) if line.name == name]
    return rejections[-1] if rejections else None


def kind_of(unit: str) -> str:
    """The kind in a unit's name. A bare kind is returned unchanged: some quarantines record only that."""
    return re.sub(r"-v\d+$", "", unit.rpartition("/")[2])


def releases(shelf: Shelf, newest: int | None = None) -> Sequence[ReleaseLine]:
    """The `newest` releases of the highest versions, or all of them; the lowest version first."""
    channel = with_all_moves(shelf, shelf.own_channel())
    left = left_by_rollback(channel)
    shown = newest_releases(shelf, newest)
    stored = dict(shelf.documents([*map(names.release, shown), *map(names.receipt, shown)]))
    return [_release(stored, channel, left, name) for name in shown]


def newest_releases(shelf: Shelf, newest: int | None = None) -> Sequence[str]:
    """The names of the `newest` releases, without reading them; all if None."""
    ordered = sorted((name.removeprefix(names.RELEASES) for name in shelf.names(names.RELEASES)), key=version_of)
    return ordered[-newest:] if newest else ordered


def report_of(shelf: Shelf, kind: str, unit: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The name and content of the report whose digest a release states for its unit; None if it is not stored."""
    places = shelf.names(names.reports(kind, names.number_of(unit["name"])))
    reports = ((place, document["report"]) for place, document in shelf.documents(places))
    return next(((place, report) for place, report in reports if digest(report) == unit["report"]), None)


def left_by_rollback(channel: Channel) -> Mapping[str, str]:
    """Why each release was left by a roll-back, as far back as the channel's moves go."""
    left: dict[str, str] = {}
    served: str | None = None
    for moved in channel.moves:
        if moved.kind == "roll_back" and served:
            left[served] = moved.why
        if moved.kind == "promote" and moved.release:
            left.pop(moved.release, None)
        served = moved.release
    return left


def parked(shelf: Shelf, *, every: bool = True) -> Sequence[Mapping[str, Any]]:
    """The unusable bodies of authentic senders: all, or the last LOOKED_AT."""
    wanted = shelf.names(names.PARKED) if every else sorted(shelf.latest(names.PARKED, count=LOOKED_AT))
    return [
        {"document": name, **{key: document[key] for key in ("entry", "error", "why", "bytes")}}
        for name, document in shelf.documents(wanted)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What a unit's state depends on: the channel, the serving unit of each kind, and the current basis."""

    channel: Channel
    served: Mapping[str, str]
    basis: Basis
    oldest: Mapping[str, int]

    def report_of(self, version: Mapping[str, Any]) -> str:
        """The name of the unit's report on the current basis."""
        return names.report(self.basis.digest, version["kind"], names.number_of(version["name"]))

    def is_open(self, place: str) -> bool:
        """Whether the unit in this document serves, is newer than what serves, or may be in quarantine."""
        kind, _, number = place.removeprefix(names.VERSIONS).rpartition("/")
        return int(number) >= self.oldest.get(kind, 0)


def _case(reads: Reads) -> _Case:
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    serving = reads.document(names.release(channel.serving.name)) if channel.serving else None
    served = {kind: member["name"] for kind, member in serving["units"].items()} if serving else {}
    forbidden = {kind_of(unit.unit) for unit in channel.quarantine.values()}
    oldest = {kind: names.number_of(name) - (BACK if kind in forbidden else 0) for kind, name in served.items()}
    return _Case(channel=channel, served=served, basis=basis_of(channel, policy), oldest=oldest)


def _unit(case: _Case, version: Mapping[str, Any], document: Mapping[str, Any] | None) -> UnitLine:
    state, why = _state(
        case.channel, version, case.served.get(version["kind"]), document["report"] if document else None
    )
    place = names.version(version["kind"], names.number_of(version["name"]))
    documents = [place, *([case.report_of(version)] if document else [])]
    return UnitLine(name=version["name"], state=state, why=why, artifact=version["artifact"], documents=documents)


def _state(
    channel: Channel, version: Mapping[str, Any], served: str | None, report: Mapping[str, Any] | None
) -> tuple[UnitState, str]:
    name = version["name"]
    if name == served and channel.serving:
        return "serving", f"in {channel.serving.name}"
    if forbidden := channel.quarantine.get(version["artifact"]):
        return "quarantined", forbidden.why
    if served and names.number_of(served) > names.number_of(name):
        return "superseded", f"{served} serves, and a merge takes only higher numbers"
    if report is not None:
        return _VERDICTS[report["verdict"]], reasons(report)
    against = f"{channel.serving.name} under" if channel.serving else "the floors of"
    return "waiting", f"not judged against {against} the policy in force yet; a merge requests that"


def _rejected(shelf: Shelf, completions: Sequence[str]) -> Sequence[UnitLine]:
    """The rejected units whose name was not accepted since, in the order of the documents."""
    settled = list(shelf.documents(completions))
    accepted = {
        event["subject"]: _decided_at(document)
        for _, document in sorted(settled, key=lambda item: _decided_at(item[1]))
        for event in document["told"]
        if event["type"] == events.UNIT_ACCEPTED
    }
    return [
        UnitLine(name=event["subject"], state="rejected", why=event["data"]["why"], artifact=None, documents=[place])
        for place, document in settled
        for event in document["told"]
        if event["type"] in _REJECTED and accepted.get(event["subject"], 0) <= _decided_at(document)
    ]


def _decided_at(document: Mapping[str, Any]) -> int:
    decision = decision_in(document)
    return instant.microseconds(decision["now"]) if decision else 0


def _release(stored: Mapping[str, Any], channel: Channel, left: Mapping[str, str], name: str) -> ReleaseLine:
    document = stored[names.release(name)]
    receipt = stored.get(names.receipt(name))
    return ReleaseLine(
        name=name,
        state=release_state(channel, left, name),
        created_at=document["created_at"],
        baseline=document["baseline"]["name"] if document["baseline"] else None,
        units=[unit["name"] for _, unit in sorted(document["units"].items())],
        why=" ".join(filter(None, (document["change"]["why"], left.get(name)))),
        published=receipt["commit"] if receipt else None,
    )


def release_state(channel: Channel, left: Mapping[str, str], name: str) -> ReleaseState:
    """The release's state in the channel."""
    if channel.serving and channel.serving.name == name:
        return "serving"
    if name in left or name in channel.left:
        return "rolled back"
    if name in {entry.name for entry in channel.warm}:
        return "warm"
    if channel.anchor and channel.anchor.name == name:
        return "anchor"
    return "served before" if name in {moved.release for moved in channel.moves} else "assembled"
