# SPDX-License-Identifier: Apache-2.0
"""Which alarms fire about what serves now, whether or not anybody told?

An alarm tells only that it begins. One that begins while a release settles in, and fires on, is found here.
"""

from collections.abc import Iterator, Sequence

import msgspec

from federation.core import alarm
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.outcome import NOTHING, Outcome
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.ports import Firing

HEARS = (events.TICK_ALARMS, events.RELEASE_PROMOTED)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel, and the alarms that fire."""

    channel: Channel
    firing: Sequence[Firing]


def gather(event: Event, reads: Reads) -> Facts:
    """Nothing but these two, so that no other service's failure hides an alarm."""
    del event
    return Facts(channel=reads.channel(reads.policy().channel), firing=reads.firing())


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """A breach for each alarm that speaks of what serves, the same one however often it is looked at.

    When a release begins, every alarm that fires already is told, so that it is written down why it is let pass.
    """
    begins = event.type == events.RELEASE_PROMOTED
    breached = tuple(_breached(facts, policy, now)) if not begins else tuple(map(_as_told, facts.firing))
    if not breached:
        return NOTHING
    return Outcome(why=f"alarms that fire now: {', '.join(one.subject for one in breached)}", events=breached)


def _as_told(one: Firing) -> Event:
    return alarm.breached(one.key, one.at, one.labels)


def _breached(facts: Facts, policy: Policy, now: str) -> Iterator[Event]:
    serving = facts.channel.serving
    for one in facts.firing:
        at = alarm.speaks_at(one.at, serving.since, policy.rollback.settle_seconds, now) if serving else None
        if at is not None:
            yield alarm.breached(one.key, at, one.labels)
