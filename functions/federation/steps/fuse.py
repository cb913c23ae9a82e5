# SPDX-License-Identifier: Apache-2.0
"""A merge is due: which units have passed, and do they make a release?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.core import event as events
from federation.core import names
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import NOTHING, Document, Outcome, Publish
from federation.core.policy import Policy
from federation.core.release import Proposal, assemble, next_version, refusals
from federation.core.report import Basis, basis_of
from federation.core.testimony import correlations
from federation.core.version import version_of
from federation.ports import Reads
from federation.steps.selection import Selection, ballots, is_awaited, nothing_new, select, waits_for_quorum

HEARS = (
    events.TICK_MERGE,
    events.MERGE_REQUESTED,
    events.UNIT_PASSED,
    events.UNIT_REFUSED,
    events.UNIT_INCONCLUSIVE,
    events.RELEASE_PROMOTED,
    events.RELEASE_ROLLED_BACK,
)

_TICKS: Final = frozenset({events.TICK_MERGE, events.MERGE_REQUESTED})
_VERDICTS: Final = frozenset({events.UNIT_PASSED, events.UNIT_REFUSED, events.UNIT_INCONCLUSIVE})
_NEW_BASELINE: Final = frozenset({events.RELEASE_PROMOTED, events.RELEASE_ROLLED_BACK})


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What serves, what has passed on that basis, what has still to be judged, and what was assembled before."""

    channel: Channel
    basis: Basis
    serving: Mapping[str, Any] | None = None
    anchor: Mapping[str, Any] | None = None
    selection: Selection = msgspec.field(default_factory=Selection)
    taken: Sequence[str] = ()
    assembled: Sequence[str] = ()
    releases: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    merged: str | None = None
    ballots: Mapping[str, Mapping[str, bytes | None]] = msgspec.field(default_factory=dict)


def gather(event: Event, reads: Reads) -> Facts | None:
    """Everything that a merge needs, or None when this event asks for none."""
    policy = reads.policy()
    if not _asks(event, policy):
        return None
    channel = reads.channel(policy.channel)
    basis = basis_of(channel, policy)
    serving = reads.document(names.release(channel.serving.name)) if channel.serving else None
    anchor = reads.document(names.release(channel.anchor.name)) if channel.anchor else None
    selection = select(reads, channel, basis, serving)
    if event.type in _NEW_BASELINE:
        return Facts(channel=channel, basis=basis, serving=serving, selection=selection)
    assembled = reads.names(names.assembled(basis.baseline))
    merged = reads.document(names.merge(_merge_id(event)))
    mine = [*(name.rpartition("/")[2] for name in assembled), *([merged["release"]] if merged else [])]
    return Facts(
        channel=channel,
        basis=basis,
        serving=serving,
        anchor=anchor,
        selection=selection,
        taken=[name.removeprefix(names.RELEASES) for name in reads.names(names.RELEASES)],
        assembled=assembled,
        merged=merged["release"] if merged else None,
        releases={
            name: found for name in dict.fromkeys(mine) if (found := reads.document(names.release(name))) is not None
        },
        ballots=ballots(reads, selection.members),
    )


def decide(event: Event, facts: Facts | None, policy: Policy, now: str) -> Outcome:
    """Ask for gates first, skip with a reason, or assemble and publish."""
    if facts is None:
        return NOTHING
    if facts.merged and facts.merged in facts.releases:
        return _again(event, facts.releases[facts.merged])
    asked = () if event.type in _VERDICTS else _gates(event, facts)
    if event.type in _NEW_BASELINE or is_awaited(facts.selection, policy, now):
        return _judge_first(facts, asked)
    merged = _merge(event, facts, policy, now)
    return replace(merged, events=(*asked, *merged.events))


def _merge(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    new = [member for member in facts.selection.members.values() if member.origin == "new"]
    if not new:
        return _skip(event, facts, nothing_new(facts.selection))
    if waits := waits_for_quorum(facts.selection, policy, len(new), now):
        return _skip(event, facts, waits)
    proposal = _proposal(event, facts, policy)
    if reasons := refusals(proposal):
        return _skip(event, facts, "; ".join(reasons))
    return _assemble(event, facts, proposal)


def _asks(event: Event, policy: Policy) -> bool:
    asked = event.type in _TICKS or event.type in _NEW_BASELINE or "merge" in event.data
    return asked or (policy.cadence.merge_on_pass and event.type == events.UNIT_PASSED)


def _gates(event: Event, facts: Facts) -> tuple[Event, ...]:
    """A gate for every unit that has no report on this basis; its outcome comes back to this merge."""
    merge = _merge_of(event)
    return tuple(
        Event(
            type=events.GATE_REQUESTED,
            source="//federation/fuse",
            subject=record["name"],
            time=event.time,
            key=f"{record['unit']}|{facts.basis.digest}|{merge['event'] if merge else ''}",
            data={"unit": record["unit"], **_numbered(record), **({"merge": merge} if merge else {})},
        )
        for record in facts.selection.unjudged
    )


def _judge_first(facts: Facts, asked: tuple[Event, ...]) -> Outcome:
    if not asked:
        return NOTHING
    serving = facts.channel.serving.name if facts.channel.serving else "the policy's floors"
    names_ = ", ".join(event.subject for event in asked)
    return Outcome(why=f"{len(asked)} units have first to be judged against {serving}: {names_}", events=asked)


def _numbered(record: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": record["kind"], "number": int(record["name"].rpartition("-v")[2])}


def _merge_of(event: Event) -> dict[str, Any] | None:
    """The merge that this event belongs to, so that its gates' outcomes come back to it."""
    if event.type in _TICKS:
        return {"event": event.id, "time": event.time}
    found = event.data.get("merge")
    return dict(found) if found else None


def _merge_id(event: Event) -> str:
    """The event that asked for the merge: it makes one release, whatever has passed when it is delivered again."""
    merge = _merge_of(event)
    return str(merge["event"]) if merge else event.id


def _proposal(event: Event, facts: Facts, policy: Policy) -> Proposal:
    merge = _merge_of(event)
    return Proposal(
        members=facts.selection.members,
        policy=policy,
        basis=facts.basis,
        baseline=facts.serving,
        anchor=facts.anchor,
        created_at=merge["time"] if merge else event.time,
        quarantined=tuple(facts.channel.quarantine),
        correlation=correlations([member.unit for member in facts.selection.members.values()], facts.ballots),
    )


def _assemble(event: Event, facts: Facts, proposal: Proposal) -> Outcome:
    reserved = _reserved(facts, proposal) or facts.merged
    if reserved and (same := facts.releases.get(reserved)) is not None:
        return replace(_again(event, same), documents=(_merged(event, reserved),), repeat=False)
    version = version_of(reserved) if reserved else next_version(proposal, facts.taken)
    release = assemble(proposal, version)
    name = release["name"]
    place = names.composition(facts.basis.baseline, proposal.composition, name)
    documents = (
        _merged(event, name),
        Document(name=place, value={"release": name, "composition": proposal.composition}),
        Document(name=names.release(name), value=release),
    )
    why = f"{name} assembled. {release['change']['why']}"
    return Outcome(why=why, documents=documents, acts=(Publish(release=name),), events=_told(event, release))


def _merged(event: Event, release: str) -> Document:
    return Document(name=names.merge(_merge_id(event)), value={"release": release})


def _again(event: Event, release: Mapping[str, Any]) -> Outcome:
    """What a delivery that was cut short still owes."""
    name = release["name"]
    return Outcome(
        why=f"{name} was assembled before", acts=(Publish(release=name),), events=_told(event, release), repeat=True
    )


def _reserved(facts: Facts, proposal: Proposal) -> str | None:
    """The release name that an earlier attempt at this very composition took, if it is still this composition's."""
    prefix = names.composition(facts.basis.baseline, proposal.composition, "")
    for name in (place.removeprefix(prefix) for place in facts.assembled if place.startswith(prefix)):
        found = facts.releases.get(name)
        if found is None or found["composition"] == proposal.composition:
            return name
    return None


def _told(event: Event, release: Mapping[str, Any]) -> tuple[Event, ...]:
    name = release["name"]
    told = Event(
        type=events.RELEASE_ASSEMBLED,
        source="//federation/fuse",
        subject=name,
        time=release["created_at"],
        key=name,
        data={"release": name, "digest": digest(release), "why": release["change"]["why"]},
    )
    distil = release["distillation"]
    if distil is None:
        return (told,)
    job = Event(
        type=events.JOB_REQUESTED,
        source="//federation/fuse",
        subject=distil["kind"],
        time=event.time,
        key=f"distil|{name}",
        data={"kind": distil["kind"], "why": distil["why"], "teacher": name},
    )
    return (told, job)


def _skip(event: Event, facts: Facts, why: str) -> Outcome:
    told = Event(
        type=events.MERGE_SKIPPED,
        source="//federation/fuse",
        subject="merge",
        time=event.time,
        key=f"{event.id}|{facts.basis.digest}|{digest(why)}",
        data={"why": why},
    )
    return Outcome(why=f"merge skipped: {why}", events=(told,))
