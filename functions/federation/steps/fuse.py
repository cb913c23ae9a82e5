# SPDX-License-Identifier: Apache-2.0
"""A merge is due: which units have passed, and do they make a release?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from federation.core import event as events
from federation.core import instant, names, uri
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.manifest import unit_of
from federation.core.outcome import NOTHING, Document, Outcome, Publish
from federation.core.policy import Policy
from federation.core.release import Member, Proposal, assemble, next_version, refusals
from federation.core.report import Basis, basis_of
from federation.core.testimony import RECORDS_BYTES, correlations
from federation.core.version import version_of
from federation.ports import Reads

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What serves, what has passed on that basis, what has still to be judged, and what was assembled before."""

    channel: Channel
    basis: Basis
    serving: Mapping[str, Any] | None = None
    anchor: Mapping[str, Any] | None = None
    members: Mapping[str, Member] = field(default_factory=dict)
    waiting_since: str | None = None
    unjudged: Sequence[Mapping[str, Any]] = ()
    taken: Sequence[str] = ()
    assembled: Sequence[str] = ()
    releases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ballots: Mapping[str, Mapping[str, bytes | None]] = field(default_factory=dict)


def gather(event: Event, reads: Reads) -> Facts | None:
    """Everything that a merge needs, or None when this event asks for none."""
    policy = reads.policy()
    if not _asks(event, policy):
        return None
    channel = reads.channel(policy.channel)
    basis = basis_of(channel, policy)
    serving = reads.document(names.release(channel.serving.name)) if channel.serving else None
    anchor = reads.document(names.release(channel.anchor.name)) if channel.anchor else None
    newer = _newer(reads.names(names.VERSIONS), serving)
    judged = _judged(reads.names(names.reports(basis.digest)))
    unjudged = [reads.document(name) for name, kind, number in newer if (kind, number) not in judged]
    if event.type in _NEW_BASELINE:
        return Facts(channel=channel, basis=basis, serving=serving, unjudged=[record for record in unjudged if record])
    members = _members(reads, policy, channel, serving, judged)
    since = [
        reads.document(names.version(kind, member.unit.number))
        for kind, member in members.items()
        if member.origin == "new"
    ]
    assembled = reads.names(names.assembled(basis.baseline))
    mine = [name.rpartition("/")[2] for name in assembled]
    return Facts(
        channel=channel,
        basis=basis,
        serving=serving,
        anchor=anchor,
        members=members,
        unjudged=[record for record in unjudged if record],
        waiting_since=min((record["completed_at"] for record in since if record), default=None),
        taken=[name.removeprefix(names.RELEASES) for name in reads.names(names.RELEASES)],
        assembled=assembled,
        releases={name: found for name in mine if (found := reads.document(names.release(name))) is not None},
        ballots=_ballots(reads, policy, members),
    )


def decide(event: Event, facts: Facts | None, policy: Policy, now: str) -> Outcome:
    """Ask for gates first, skip with a reason, or assemble and publish."""
    if facts is None:
        return NOTHING
    asked = () if event.type in _VERDICTS else _gates(event, facts)
    if event.type in _NEW_BASELINE or _awaited(facts, policy, now):
        return _judge_first(facts, asked)
    merged = _merge(event, facts, policy, now)
    return replace(merged, events=(*asked, *merged.events))


def _merge(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    new = [member for member in facts.members.values() if member.origin == "new"]
    if not new:
        return _skip(event, facts, "no unit has passed that is newer than what serves")
    if waits := _waits_for_quorum(facts, policy, len(new), now):
        return _skip(event, facts, waits)
    proposal = _proposal(event, facts, policy)
    if reasons := refusals(proposal):
        return _skip(event, facts, "; ".join(reasons))
    return _assemble(event, facts, proposal)


def _asks(event: Event, policy: Policy) -> bool:
    asked = event.type in _TICKS or event.type in _NEW_BASELINE or "merge" in event.data
    return asked or (policy.cadence.merge_on_pass and event.type == events.UNIT_PASSED)


def _newer(version_names: Sequence[str], serving: Mapping[str, Any] | None) -> list[tuple[str, str, int]]:
    """Versions above those that serve, as (name, kind, number)."""
    served = {kind: int(unit["name"].rpartition("-v")[2]) for kind, unit in serving["units"].items()} if serving else {}
    parsed = [(name, *_kind_and_number(name.removeprefix(names.VERSIONS))) for name in version_names]
    return [(name, kind, number) for name, kind, number in parsed if number > served.get(kind, 0)]


def _judged(report_names: Sequence[str]) -> Mapping[tuple[str, int], str]:
    """Report name by kind and number."""
    return {_kind_and_number("/".join(name.split("/")[2:4])): name for name in report_names}


def _kind_and_number(path: str) -> tuple[str, int]:
    kind, _, number = path.partition("/")
    return kind, int(number)


def _members(
    reads: Reads,
    policy: Policy,
    channel: Channel,
    serving: Mapping[str, Any] | None,
    judged: Mapping[tuple[str, int], str],
) -> Mapping[str, Member]:
    members = _carried(reads, policy, channel, serving)
    served = {kind: int(unit["name"].rpartition("-v")[2]) for kind, unit in serving["units"].items()} if serving else {}
    passed = sorted((kind, number, name) for (kind, number), name in judged.items() if name.endswith("/pass"))
    for kind, number, name in passed:
        if number <= served.get(kind, 0):
            continue
        member = _new(reads, kind, number, name)
        if member and not channel.forbids([member.unit.artifact]):
            members[kind] = member
    return members


def _carried(reads: Reads, policy: Policy, channel: Channel, serving: Mapping[str, Any] | None) -> dict[str, Member]:
    members = {}
    for kind, stated in (serving["units"] if serving else {}).items():
        document = reads.document(names.unit(stated["digest"]))
        if kind in policy.fusion.carry and document and not channel.forbids([stated["artifact"]]):
            members[kind] = Member(
                unit=unit_of(document),
                digest=stated["digest"],
                platform=stated["platform"],
                uri=stated["uri"],
                manifest_uri=stated["manifest"],
                origin="carried",
                report=stated["report"],
            )
    return members


def _ballots(reads: Reads, policy: Policy, members: Mapping[str, Member]) -> Mapping[str, Mapping[str, bytes | None]]:
    """The safety records of the units that vote, by unit name and path."""
    voters = [members[kind] for kind in policy.voting.members if kind in members] if policy.voting else []
    return {
        member.unit.name: {
            file.path: reads.artifact(uri.below(member.uri, file.path), RECORDS_BYTES)
            for suite in member.unit.evidence.safety.values()
            if (file := suite.records) is not None
        }
        for member in voters
    }


def _new(reads: Reads, kind: str, number: int, report_name: str) -> Member | None:
    version = reads.document(names.version(kind, number))
    report = reads.document(report_name)
    document = reads.document(names.unit(version["unit"])) if version else None
    if version is None or report is None or document is None:
        return None
    return Member(
        unit=unit_of(document),
        digest=version["unit"],
        platform=version["platform"],
        uri=version["uri"],
        manifest_uri=version["manifest_uri"],
        origin="new",
        report=digest(report),
        contract_changed=report["contract_changed"],
        p95_ms=_p95(report),
    )


def _p95(report: Mapping[str, Any]) -> str | None:
    found = [finding["numbers"]["p95_ms"] for finding in report["findings"] if "p95_ms" in finding["numbers"]]
    return found[0] if found else None


def _awaited(facts: Facts, policy: Policy, now: str) -> bool:
    """Whether a merge waits for a unit to be judged; for one that came longer ago than the deadline it does not."""
    oldest = instant.moment(now) - timedelta(hours=policy.fusion.deadline_hours)
    return any(instant.moment(record["completed_at"]) >= oldest for record in facts.unjudged)


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
        for record in facts.unjudged
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


def _waits_for_quorum(facts: Facts, policy: Policy, new: int, now: str) -> str | None:
    if new >= policy.fusion.quorum or facts.waiting_since is None:
        return None
    deadline = instant.moment(facts.waiting_since) + timedelta(hours=policy.fusion.deadline_hours)
    if instant.moment(now) >= deadline:
        return None
    return f"{new} of {policy.fusion.quorum} new units have passed; the merge waits until {instant.text(deadline)}"


def _proposal(event: Event, facts: Facts, policy: Policy) -> Proposal:
    merge = _merge_of(event)
    return Proposal(
        members=facts.members,
        policy=policy,
        basis=facts.basis,
        baseline=facts.serving,
        anchor=facts.anchor,
        created_at=merge["time"] if merge else event.time,
        quarantined=tuple(facts.channel.quarantine),
        correlation=correlations([member.unit for member in facts.members.values()], facts.ballots),
    )


def _assemble(event: Event, facts: Facts, proposal: Proposal) -> Outcome:
    reserved = _reserved(facts, proposal)
    if reserved and (same := facts.releases.get(reserved)) is not None:
        return Outcome(
            why=f"{reserved} was assembled before",
            acts=(Publish(release=reserved),),
            events=_told(event, same),
            repeat=True,
        )
    version = version_of(reserved) if reserved else next_version(proposal, facts.taken)
    release = assemble(proposal, version)
    name = release["name"]
    place = names.composition(facts.basis.baseline, proposal.composition, name)
    documents = (
        Document(name=place, value={"release": name, "composition": proposal.composition}),
        Document(name=names.release(name), value=release),
    )
    why = f"{name} assembled. {release['change']['why']}"
    return Outcome(why=why, documents=documents, acts=(Publish(release=name),), events=_told(event, release))


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
