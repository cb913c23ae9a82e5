# SPDX-License-Identifier: Apache-2.0
"""Another release serves, or a merge begins: which newer units must first be judged against this baseline?"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.number_text import counted
from federation.core.outcome import NOTHING, Document, Outcome
from federation.core.policy import Policy
from federation.core.report import basis_of
from federation.gathering import Reads
from federation.steps.merging.selection import newer_reports, unjudged_versions
from federation.stored import kept


class UnjudgedVersions(msgspec.Struct, frozen=True, kw_only=True):
    """The versions newer than what serves after the move that have no report on the new basis."""

    channel: Channel
    policy: Policy
    versions: Sequence[Mapping[str, Any]]


class EarlierRequests(msgspec.Struct, frozen=True, kw_only=True):
    """The events that an earlier delivery of this move announced."""

    events: Sequence[Mapping[str, Any]]


def gather(event: Event, reads: Reads) -> UnjudgedVersions | EarlierRequests:
    """The versions to judge after a move of the channel."""
    earlier = reads.earlier(names.regate_list(event.id))
    if earlier is not None:
        return EarlierRequests(events=earlier["told"])
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    basis = basis_of(channel, policy)
    serving = kept(reads, names.release(channel.serving.name)) if channel.serving else None
    return UnjudgedVersions(
        channel=channel, policy=policy, versions=unjudged_versions(reads, newer_reports(reads, basis, serving))
    )


def decide(event: Event, facts: UnjudgedVersions | EarlierRequests) -> Outcome:
    """Request a gate for each version. Every delivery of the move gives the same requests."""
    if isinstance(facts, EarlierRequests):
        announced = tuple(Event.of(document) for document in facts.events)
        return Outcome(why="the gates are already requested", events=announced, repeat=True)
    requests = gate_requests(event, facts.channel, facts.policy, facts.versions)
    if not requests:
        return NOTHING
    value = {"event": event.id, "told": [request.document() for request in requests]}
    document = Document(name=names.regate_list(event.id), value=value)
    first = request_gates(facts.channel, requests)
    return Outcome(why=first.why, documents=(document,), events=first.events, result=document.name)


def gate_requests(
    event: Event,
    channel: Channel,
    policy: Policy,
    versions: Sequence[Mapping[str, Any]],
    merge: Mapping[str, Any] | None = None,
) -> tuple[Event, ...]:
    """A request to gate each of these versions; the gate's event returns to the merge, if there is one."""
    basis = basis_of(channel, policy)
    return tuple(
        event.follow_up(
            "fuse",
            events.GATE_REQUESTED,
            version["name"],
            key=f"{version['unit']}|{basis.digest}|{merge['event'] if merge else ''}",
            data={
                "unit": version["unit"],
                "kind": version["kind"],
                "number": names.number_of(version["name"]),
                "policy": policy.version,
                **({"merge": merge} if merge else {}),
            },
        )
        for version in versions
    )


def request_gates(channel: Channel, requests: tuple[Event, ...]) -> Outcome:
    """The outcome that asks for gates before a merge can go on."""
    serving = channel.serving.name if channel.serving else "the policy's floors"
    units = ", ".join(event.subject for event in requests)
    return Outcome(
        why=f"{counted(len(requests), 'unit')} must first be judged against {serving}: {units}", events=requests
    )
