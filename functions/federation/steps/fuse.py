# SPDX-License-Identifier: Apache-2.0
"""A merge is due: which units have passed, and do they make a release?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.core import event as events
from federation.core import instant, names
from federation.core.channel import Channel
from federation.core.checklist import refusals
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import NOTHING, Document, Outcome, Publish
from federation.core.policy import Policy
from federation.core.proposal import Proposal, composition, next_version
from federation.core.release import assemble
from federation.core.report import Basis, basis_of
from federation.core.subjects import voter_correlations
from federation.core.version import version_of
from federation.gathering import Reads
from federation.steps.merging import regate
from federation.steps.merging.left_out import announce_left_out, left_out_events
from federation.steps.merging.regate import EarlierRequests, UnjudgedVersions, gate_requests, request_gates
from federation.steps.merging.releases import (
    MergedRelease,
    announce_again,
    hold_events,
    merged_release,
    newer_releases,
    release_events,
    successors,
)
from federation.steps.merging.request import VERDICTS, asks_for_merge, is_unasked_refusal, merge_id, merge_reference
from federation.steps.merging.selection import (
    Selection,
    ballots,
    is_awaited,
    nothing_new,
    select,
    waits_for_quorum,
)
from federation.stored import kept

HEARS = (
    events.TICK_MERGE,
    events.MERGE_REQUESTED,
    events.UNIT_PASSED,
    events.UNIT_REFUSED,
    events.UNIT_INCONCLUSIVE,
    events.RELEASE_PROMOTED,
    events.RELEASE_ROLLED_BACK,
)

_NEW_BASELINE: Final = frozenset({events.RELEASE_PROMOTED, events.RELEASE_ROLLED_BACK})


class MergeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What serves, which units have passed or must still be judged on that basis, and which releases exist.

    `newer` contains the names of all releases with a higher version than what serves, `equal` the releases of exactly
    these units that were assembled to replace it. `bound` says whether an earlier delivery has stored this merge's
    release. The voters' `ballots` are read only for a release that may be assembled.
    """

    channel: Channel
    basis: Basis
    serving: Mapping[str, Any] | None
    anchor: Mapping[str, Any] | None
    selection: Selection
    newer: Sequence[str]
    equal: Sequence[MergedRelease]
    bound: bool
    ballots: Mapping[str, Mapping[str, bytes | None]]


Facts = MergeFacts | MergedRelease | UnjudgedVersions | EarlierRequests | None


def gather(event: Event, reads: Reads) -> Facts:
    """The facts of a merge, or the release that it has already made; None if this event asks for no merge.

    After a move of the channel: the units that must be judged against the new baseline.
    """
    policy = reads.policy_at_least(event.data.get("policy"))
    if event.type in _NEW_BASELINE:
        return regate.gather(event, reads)
    if not asks_for_merge(event, policy):
        return None
    bound = reads.document(names.merge(merge_id(event)))
    if bound and (release := reads.document(names.release(bound["release"]))) and _made_by(event, release):
        return replace(merged_release(reads, release), other_events=left_out_events(bound, release))
    channel = reads.channel(policy.channel)
    basis = basis_of(channel, policy)
    serving = kept(reads, names.release(channel.serving.name)) if channel.serving else None
    newer = newer_releases(reads, channel.serving)
    waiting = successors(reads, channel.serving, newer).values()
    if own_releases := [release for release in waiting if _made_by(event, release)]:
        return replace(merged_release(reads, own_releases[0]), other_events=left_out_events(bound, own_releases[0]))
    selection = select(reads, channel, basis, serving)
    composed = composition(selection.members, basis)
    equal = [merged_release(reads, release) for release in waiting if release["composition"] == composed]
    return MergeFacts(
        channel=channel,
        basis=basis,
        serving=serving,
        anchor=kept(reads, names.release(channel.anchor.name)) if channel.anchor else None,
        selection=selection,
        newer=newer,
        equal=equal,
        bound=bound is not None,
        ballots=ballots(reads, selection.members) if _may_assemble(selection, equal) else {},
    )


def _may_assemble(selection: Selection, equal: Sequence[MergedRelease]) -> bool:
    """Whether a unit is new, and no release that can be published consists of exactly these units already."""
    return any(member.origin == "new" for member in selection.members.values()) and all(
        merged.is_taken for merged in equal
    )


def _made_by(event: Event, release: Mapping[str, Any]) -> bool:
    """Whether this merge made the release: a concurrent merge may have taken the name that this one chose."""
    return bool(release.get("merge") == merge_id(event))


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Ask for gates first, skip with a reason, or assemble and publish."""
    match facts:
        case None:
            return NOTHING
        case MergedRelease():
            return announce_again(event, facts)
        case UnjudgedVersions() | EarlierRequests():
            return regate.decide(event, facts)
        case MergeFacts():
            return _decide(event, facts, policy, now)


def _decide(event: Event, facts: MergeFacts, policy: Policy, now: str) -> Outcome:
    requests = gate_requests(event, facts.channel, policy, _versions_to_gate(event, facts), merge_reference(event))
    outcome = NOTHING if is_awaited(facts.selection, policy, now) else _merge(event, facts, policy, now)
    if outcome:
        return replace(outcome, events=(*requests, *outcome.events))
    return request_gates(facts.channel, requests) if requests else NOTHING


def _merge(event: Event, facts: MergeFacts, policy: Policy, now: str) -> Outcome:
    new = [member for member in facts.selection.members.values() if member.origin == "new"]
    if not new:
        return _skip(event, facts, nothing_new(facts.selection))
    if reason := waits_for_quorum(facts.selection, policy, len(new), now):
        return announce_left_out(event, facts.selection.left_out, _skip(event, facts, reason))
    proposal = _proposal(event, facts, policy)
    if reasons := refusals(proposal):
        return _skip(event, facts, "; ".join(reasons))
    return announce_left_out(event, facts.selection.left_out, _assemble(event, facts, proposal))


def _versions_to_gate(event: Event, facts: MergeFacts) -> Sequence[Mapping[str, Any]]:
    """The versions to request gates for: all without a report; after a verdict on another basis, only its unit's."""
    if event.type not in VERDICTS:
        return facts.selection.unjudged
    if event.data.get("basis") == facts.basis.digest:
        return ()
    return [version for version in facts.selection.unjudged if version["unit"] == event.data["unit"]]


def _created_at(event: Event, selection: Selection) -> str:
    """When a tick or a person asked for the merge; if a pass started it, when its newest unit was completed."""
    if merge := merge_reference(event):
        return str(merge["time"])
    return max(event.time, selection.completed_at or event.time, key=instant.order)


def _proposal(event: Event, facts: MergeFacts, policy: Policy) -> Proposal:
    return Proposal(
        members=facts.selection.members,
        policy=policy,
        basis=facts.basis,
        baseline=facts.serving,
        anchor=facts.anchor,
        merge=merge_id(event),
        created_at=_created_at(event, facts.selection),
        quarantined=tuple(facts.channel.quarantine),
        correlation=voter_correlations([member.unit for member in facts.selection.members.values()], facts.ballots),
    )


def _assemble(event: Event, facts: MergeFacts, proposal: Proposal) -> Outcome:
    if usable := [merged for merged in facts.equal if not merged.is_taken]:
        return _announce_existing(event, facts, usable[0])
    release = assemble(proposal, next_version(proposal, facts.newer))
    name = release["name"]
    text = f"{name} assembled. {release['change']['why']}"
    assembled = Outcome(
        why="; ".join((text.rstrip("."), *facts.selection.barred)) if facts.selection.barred else text,
        documents=(Document(name=names.release(name), value=release),),
        acts=(Publish(release=name),),
        events=(*_hold_events(event, facts), *release_events(event, release)),
    )
    return _with_binding(event, facts, assembled, name)


def _hold_events(event: Event, facts: MergeFacts) -> Sequence[Event]:
    """The event that the last release of these units is held, as its name is taken; empty if this merge replaces it."""
    refused = sorted(facts.equal, key=lambda merged: version_of(merged.name))
    if not refused or event.subject in {merged.name for merged in refused}:
        return ()
    return hold_events(refused[-1])


def _announce_existing(event: Event, facts: MergeFacts, merged: MergedRelease) -> Outcome:
    """Announce the release that another merge made of the same units. Skip the merge if it was rolled back."""
    if merged.name in facts.channel.left:
        why = f"{merged.name} has exactly these units and was rolled back; promote it by name, or ship other units"
        return _skip(event, facts, why)
    if is_unasked_refusal(event):
        return NOTHING
    unrefused = replace(merged, refusal=None)  # the reason for the refusal may have been mended since
    return _with_binding(event, facts, replace(announce_again(event, unrefused), repeat=False), merged.name)


def _with_binding(event: Event, facts: MergeFacts, outcome: Outcome, release: str) -> Outcome:
    """The outcome, plus a document that binds this merge to its release, unless an earlier delivery has stored it."""
    if facts.bound:
        return outcome
    document = Document(name=names.merge(merge_id(event)), value={"release": release})
    return replace(outcome, documents=(document, *outcome.documents), result=document.name)


def _skip(event: Event, facts: MergeFacts, why: str) -> Outcome:
    """Announce why there is no merge, unless nobody asked for one."""
    if is_unasked_refusal(event):
        return NOTHING
    skipped = event.follow_up(
        "fuse", events.MERGE_SKIPPED, "merge", key=f"{event.id}|{facts.basis.digest}|{digest(why)}", data={"why": why}
    )
    return Outcome(why=f"merge skipped: {why}", events=(skipped,))
