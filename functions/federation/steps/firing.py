# SPDX-License-Identifier: Apache-2.0
"""Which alarms fire about what serves now, whether or not they were delivered?

An alarm is delivered only when it begins. One that begins while a release settles in, and goes on, is found here.
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
    """The channel and the alarms, and nothing else, so that no other service's failure hides an alarm."""
    del event
    return Facts(channel=reads.channel(reads.policy().channel), firing=reads.firing())


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """A breach for each alarm about what serves, the same event however often it is polled.

    When a release begins, every alarm that already fires is announced, so that it is recorded why it is ignored.
    """
    begins = event.type == events.RELEASE_PROMOTED
    breached = tuple(_breached(facts, policy, now)) if not begins else tuple(map(_breach_of, facts.firing))
    if not breached:
        return NOTHING
    return Outcome(why=f"alarms that fire now: {', '.join(one.subject for one in breached)}", events=breached)


def _breach_of(one: Firing) -> Event:
    return alarm.breached(one.key, one.at, one.labels)


def _breached(facts: Facts, policy: Policy, now: str) -> Iterator[Event]:
    serving = facts.channel.serving
    for one in facts.firing:
        at = alarm.speaks_at(one.at, serving.since, policy.rollback.settle_seconds, now) if serving else None
        if at is not None:
            yield alarm.breached(one.key, at, one.labels)
