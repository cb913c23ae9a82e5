# SPDX-License-Identifier: Apache-2.0
"""Another release serves, or a merge begins: which newer units must first be judged against this baseline?"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.channel import Channel
from federation.core.counted import counted
from federation.core.event import Event
from federation.core.outcome import NOTHING, Document, Outcome
from federation.core.policy import Policy
from federation.core.report import basis_of
from federation.gathering import Reads
from federation.steps.merging.selection import reports_newer, without_report
from federation.stored import kept


class WithoutReport(msgspec.Struct, frozen=True, kw_only=True):
    """The versions newer than what serves after the move that have no report on the new basis."""

    channel: Channel
    policy: Policy
    versions: Sequence[Mapping[str, Any]]


class RequestedBefore(msgspec.Struct, frozen=True, kw_only=True):
    """The events that an earlier delivery of this move announced."""

    told: Sequence[Mapping[str, Any]]


def gather(event: Event, reads: Reads) -> WithoutReport | RequestedBefore:
    """The versions to judge after a move of the channel."""
    earlier = reads.earlier(names.asked(event.id))
    if earlier is not None:
        return RequestedBefore(told=earlier["told"])
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    basis = basis_of(channel, policy)
    serving = kept(reads, names.release(channel.serving.name)) if channel.serving else None
    return WithoutReport(
        channel=channel, policy=policy, versions=without_report(reads, reports_newer(reads, basis, serving))
    )


def decide(event: Event, facts: WithoutReport | RequestedBefore) -> Outcome:
    """Request a gate for each version. Every delivery of the move gives the same requests."""
    if isinstance(facts, RequestedBefore):
        announced = tuple(Event.of(document) for document in facts.told)
        return Outcome(why="the gates are already requested", events=announced, repeat=True)
    requests = gate_requests(event, facts.channel, facts.policy, facts.versions)
    if not requests:
        return NOTHING
    value = {"event": event.id, "told": [request.document() for request in requests]}
    document = Document(name=names.asked(event.id), value=value)
    first = judge_first(facts.channel, requests)
    return Outcome(why=first.why, documents=(document,), events=first.events, told_in=document.name)


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
        Event(
            type=events.GATE_REQUESTED,
            source="//federation/fuse",
            subject=version["name"],
            time=event.time,
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


def judge_first(channel: Channel, requests: tuple[Event, ...]) -> Outcome:
    """The outcome that asks for gates before a merge can go on."""
    serving = channel.serving.name if channel.serving else "the policy's floors"
    units = ", ".join(event.subject for event in requests)
    return Outcome(
        why=f"{counted(len(requests), 'unit')} must first be judged against {serving}: {units}", events=requests
    )
