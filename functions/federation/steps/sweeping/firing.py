# SPDX-License-Identifier: Apache-2.0
"""Which alarms about the serving release fire now, whether or not they were delivered?

An alarm is delivered only when it begins. One that begins while a release settles in, and keeps firing, is found here.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec

from federation.core import alarm, instant
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.outcome import NOTHING, Outcome
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.ports import Firing
from federation.steps.again import swept_before

HEARS = (events.TICK_ALARMS, events.RELEASE_PROMOTED)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel, the alarms that fire, and what an earlier delivery of the same event announced."""

    channel: Channel
    firing: Sequence[Firing]
    told: Sequence[Event] = ()


def gather(event: Event, reads: Reads) -> Facts:
    """The home's own documents and the alarms, and nothing else, so that no other service's failure hides an alarm."""
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    told = swept_before(reads, event) if _has_led_back(event, channel, policy) else ()
    return Facts(channel=channel, firing=reads.firing(), told=told)


def _has_led_back(event: Event, channel: Channel, policy: Policy) -> bool:
    """Whether an earlier delivery of this event may have been cut short after a roll-back.

    It may if there was a roll-back since the event's time, less the settling period.
    """
    due = instant.moment(event.time) - timedelta(seconds=policy.rollback.settle_seconds)
    return any(moved.kind == "roll_back" and instant.moment(moved.at) >= due for moved in channel.moves)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Announce a breach for each alarm about what serves; it is the same event however often the alarm is polled.

    When a release begins to serve, every alarm that already fires is announced, so that the reason to ignore it is
    recorded. What an earlier delivery announced is announced again: if its roll-back has moved the channel, the alarm
    no longer concerns what serves, and would not be found a second time.
    """
    begins = event.type == events.RELEASE_PROMOTED
    new = map(_breach_of, facts.firing) if begins else _breached(facts, policy, now)
    breached = {one.id: one for one in (*facts.told, *new)}
    if not breached:
        return NOTHING
    why = f"alarms firing now: {', '.join(one.subject for one in breached.values())}"
    return Outcome(why=why, events=tuple(breached.values()), repeat=len(breached) == len(facts.told))


def _breach_of(one: Firing) -> Event:
    return alarm.breached(one.key, one.at, one.labels)


def _breached(facts: Facts, policy: Policy, now: str) -> Iterator[Event]:
    serving = facts.channel.serving
    for one in facts.firing:
        at = alarm.speaks_at(one.at, serving.since, policy.rollback.settle_seconds, now) if serving else None
        if at is not None:
            yield alarm.breached(one.key, at, one.labels)
