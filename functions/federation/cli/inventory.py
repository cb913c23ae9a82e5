# SPDX-License-Identifier: Apache-2.0
"""What is stored in a home, and in what state is it?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from federation.core import event as events
from federation.core import names
from federation.core.channel import Channel
from federation.core.report import Basis, basis_of
from federation.core.version import version_of
from federation.ports import Reads

UnitState = Literal["serving", "quarantined", "passed", "refused", "inconclusive", "waiting", "superseded", "rejected"]
_VERDICTS: Final[Mapping[str, UnitState]] = {"pass": "passed", "fail": "refused", "inconclusive": "inconclusive"}
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
    """One release, what it replaced, what it holds, and what became of it."""

    name: str
    state: str
    created_at: str
    baseline: str | None
    units: Sequence[str]
    why: str
    published: str | None


def units(reads: Reads) -> Sequence[UnitLine]:
    """Every unit that was shipped, in the order of their names, then what was rejected at the door."""
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    serving = reads.document(names.release(channel.serving.name)) if channel.serving else None
    served = {kind: unit["name"] for kind, unit in serving["units"].items()} if serving else {}
    basis = basis_of(channel, policy)
    accepted = [
        _unit(reads, channel, version, served.get(version["kind"]), basis)
        for place in reads.names(names.VERSIONS)
        if (version := reads.document(place)) is not None
    ]
    return [*accepted, *_rejected(reads)]


def releases(reads: Reads) -> Sequence[ReleaseLine]:
    """Every release, oldest first."""
    channel = reads.channel(reads.policy().channel)
    left = left_by_rollback(channel)
    found = sorted((name.removeprefix(names.RELEASES) for name in reads.names(names.RELEASES)), key=version_of)
    return [_release(reads, channel, left, name) for name in found]


def left_by_rollback(channel: Channel) -> Mapping[str, str]:
    """Why each release was left, as far as the channel remembers."""
    left: dict[str, str] = {}
    served: str | None = None
    for moved in channel.moves:
        if moved.kind == "roll_back" and served:
            left[served] = moved.why
        if moved.kind == "promote" and moved.release:
            left.pop(moved.release, None)
        served = moved.release
    return left


def waiting(reads: Reads) -> Sequence[Mapping[str, Any]]:
    """Completions that are not settled, each with the latest reason; known places of the reasons."""
    settled = {name.removeprefix(names.SETTLED) for name in reads.names(names.SETTLED)}
    found: dict[str, Mapping[str, Any]] = {}
    for name in reads.names(names.WAITING):
        id_ = name.removeprefix(names.WAITING).partition("/")[0]
        document = reads.document(name)
        if id_ not in settled and document is not None:
            subject = document["event"]["subject"]
            found[id_] = {"event": f"sha256:{id_}", "subject": subject, "why": document["why"], "document": name}
    return list(found.values())


def parked(reads: Reads) -> Sequence[Mapping[str, Any]]:
    """Bodies of authentic senders that could not be used."""
    return [
        {"document": name, **{key: document[key] for key in ("entry", "error", "why", "bytes")}}
        for name in reads.names(names.PARKED)
        if (document := reads.document(name)) is not None
    ]


def reasons(report: Mapping[str, Any]) -> str:
    """The findings of a report that decided, in sentences."""
    decisive = [finding["reason"] for finding in report["findings"] if finding["verdict"] != "pass"]
    return "; ".join(decisive) or f"all {len(report['findings'])} checks pass"


def _unit(reads: Reads, channel: Channel, version: Mapping[str, Any], served: str | None, basis: Basis) -> UnitLine:
    of = version["kind"], names.number_of(version["name"])
    place = names.report(basis.digest, *of)
    found = reads.document(place)
    state, why = _state(channel, version, served, found["report"] if found else None)
    documents = [names.version(*of), *([place] if found else [])]
    return UnitLine(name=version["name"], state=state, why=why, artifact=version["artifact"], documents=documents)


def _state(
    channel: Channel, version: Mapping[str, Any], served: str | None, report: Mapping[str, Any] | None
) -> tuple[UnitState, str]:
    name = version["name"]
    if name == served and channel.serving:
        return "serving", f"in {channel.serving.name}"
    if forbidden := channel.quarantine.get(version["artifact"]):
        return "quarantined", forbidden.why
    if report is not None:
        return _VERDICTS[report["verdict"]], reasons(report)
    if served and names.number_of(served) > names.number_of(name):
        return "superseded", f"{served} serves"
    against = channel.serving.name if channel.serving else "the policy's floors"
    return "waiting", f"not judged against {against} yet; a merge asks for it"


def _rejected(reads: Reads) -> Iterator[UnitLine]:
    for place in reads.names(names.SETTLED):
        settled = reads.document(place)
        for told in settled["told"] if settled else ():
            if told["type"] in _REJECTED:
                why = told["data"]["why"]
                yield UnitLine(name=told["subject"], state="rejected", why=why, artifact=None, documents=[place])


def _release(reads: Reads, channel: Channel, left: Mapping[str, str], name: str) -> ReleaseLine:
    document = reads.document(names.release(name)) or {}
    receipt = reads.document(names.receipt(name))
    return ReleaseLine(
        name=name,
        state=release_state(channel, left, name),
        created_at=document["created_at"],
        baseline=document["baseline"]["name"] if document["baseline"] else None,
        units=[unit["name"] for _, unit in sorted(document["units"].items())],
        why=document["change"]["why"],
        published=receipt["commit"] if receipt else None,
    )


def release_state(channel: Channel, left: Mapping[str, str], name: str) -> str:
    """What a release is to the channel now."""
    if channel.serving and channel.serving.name == name:
        return "serving"
    if name in left:
        return "rolled back"
    if name in {entry.name for entry in channel.warm}:
        return "warm"
    if channel.anchor and channel.anchor.name == name:
        return "anchor"
    return "served before" if name in {moved.release for moved in channel.moves} else "assembled"
