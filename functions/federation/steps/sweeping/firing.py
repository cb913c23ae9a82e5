# SPDX-License-Identifier: Apache-2.0
"""Which alarms about the serving release fire now, whether or not they were delivered?

An alarm is delivered only when it begins. One that begins while a release settles in, and keeps firing, is found here.
A `hold` or `tell` alarm is announced once, not at every poll.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import get_args

import msgspec

from federation.core import alarm, instant
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.outcome import NOTHING, Outcome
from federation.core.policy import Policy
from federation.errors import FederationError
from federation.gathering import Reads
from federation.ports import Firing
from federation.steps import alarm_responses
from federation.steps.redelivery import earlier_events

HEARS = (events.TICK_ALARMS, events.RELEASE_PROMOTED)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel, the firing alarms, the events that an earlier delivery announced, and the ids of noted breaches."""

    channel: Channel
    firing: Sequence[Firing]
    announced: Sequence[Event] = ()
    noted: frozenset[str] = frozenset()


def gather(event: Event, reads: Reads) -> Facts:
    """The home's documents and the alarms, and nothing else, so that no other service's failure hides an alarm."""
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    alarms = reads.firing()
    noted_ids = (
        frozenset(_noted_ids(alarms, channel, policy, reads)) if event.type != events.RELEASE_PROMOTED else frozenset()
    )
    announced = earlier_events(reads, "sweep", event.id) if noted_ids or _has_led_back(event, channel, policy) else ()
    return Facts(channel=channel, firing=alarms, announced=announced, noted=noted_ids)


def _noted_ids(alarms: Iterable[Firing], channel: Channel, policy: Policy, reads: Reads) -> Iterator[str]:
    """The ids of the breaches that are noted already. If any alarm may roll back: none, and nothing is read."""
    milder = [
        (breach, _response(firing, policy))
        for firing in alarms
        if (breach := _breach_of(firing, channel, policy, None))
    ]
    if any(response == "roll_back" for _, response in milder):
        return
    for breach, response in milder:
        is_held = any(move.event == breach.id and move.kind == "hold" for move in channel.moves)
        is_done = response == "tell" or is_held or alarm_responses.hold_refusal(breach.time, channel) is not None
        if is_done and _is_noted(breach, response, reads):
            yield breach.id


def _is_noted(breach: Event, response: alarm.Response, reads: Reads) -> bool:
    """Whether `roll_back` has noted the breach. If that cannot be read, False, so that the other alarms are announced."""
    try:
        announced = earlier_events(reads, "roll_back", breach.id)
    except FederationError:
        return False
    return any(event.type == events.SLO_NOTED and event.data["word"] == response for event in announced)


def _has_led_back(event: Event, channel: Channel, policy: Policy) -> bool:
    """Whether an earlier delivery of this event may have been cut short after a roll-back.

    It may if there was a roll-back since the event's time, less the settling period.
    """
    earliest = instant.moment(event.time) - timedelta(seconds=policy.rollback.settle_seconds)
    return any(move.kind == "roll_back" and instant.moment(move.at) >= earliest for move in channel.moves)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Announce a breach for each alarm about what serves. Every poll gives the same event.

    The gravest comes first. When a release begins to serve, every alarm that already fires is announced, so that the
    reason to ignore it is recorded. What an earlier delivery announced is announced again: if its roll-back has moved
    the channel, the alarm is no longer about what serves, and polling alone would miss it.
    """
    begins = event.type == events.RELEASE_PROMOTED
    new = (
        _first_breach(firing) if begins else _breach_of(firing, facts.channel, policy, now) for firing in facts.firing
    )
    unnoted = (breach for breach in new if breach and breach.id not in facts.noted)
    breached = {breach.id: breach for breach in (*facts.announced, *unnoted)}
    if not breached:
        return NOTHING
    gravest_first = sorted(
        breached.values(), key=lambda breach: get_args(alarm.Response).index(_gravest(breach, policy))
    )
    why = f"alarms firing now: {', '.join(breach.subject for breach in gravest_first)}"
    return Outcome(why=why, events=tuple(gravest_first), repeat=len(breached) == len(facts.announced))


def _response(firing: Firing, policy: Policy) -> alarm.Response:
    return _gravest(_first_breach(firing), policy)


def _gravest(breach: Event, policy: Policy) -> alarm.Response:
    return alarm.gravest_response(breach, policy.rollback.alarms)


def _first_breach(firing: Firing) -> Event:
    return _breach_at(firing.at, firing)


def _breach_at(at: str, firing: Firing) -> Event:
    return alarm.breach_event(firing.key, at, firing.labels, {firing.name: None} if firing.name else None)


def _breach_of(firing: Firing, channel: Channel, policy: Policy, now: str | None) -> Event | None:
    """The breach to announce for an alarm; None if the alarm is not about what serves. A hold is about any release."""
    if _response(firing, policy) == "hold":
        return _first_breach(firing)
    since = channel.serving.since if channel.serving else None
    at = alarm.counts_at(firing.at, since, policy.rollback.settle_seconds, now) if since else None
    return _breach_at(at, firing) if at else None
