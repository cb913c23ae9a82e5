# SPDX-License-Identifier: Apache-2.0
"""Which alarms about the serving release fire now, whether or not they were delivered?

An alarm is delivered only when it begins. One that begins while a release settles in, and keeps firing, is found here.
One that only holds promotions or is told of is not told again at every look: once it is noted, that is done.
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
from federation.steps import noted
from federation.steps.again import swept_before, told_before

HEARS = (events.TICK_ALARMS, events.RELEASE_PROMOTED)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel, the alarms that fire, what an earlier delivery of the same event announced, and the noted breaches."""

    channel: Channel
    firing: Sequence[Firing]
    told: Sequence[Event] = ()
    noted: frozenset[str] = frozenset()


def gather(event: Event, reads: Reads) -> Facts:
    """The home's own documents and the alarms, and nothing else, so that no other service's failure hides an alarm."""
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    firing = reads.firing()
    done = frozenset(_done(firing, channel, policy, reads)) if event.type != events.RELEASE_PROMOTED else frozenset()
    told = swept_before(reads, event) if done or _has_led_back(event, channel, policy) else ()
    return Facts(channel=channel, firing=firing, told=told, noted=done)


def _done(firing: Iterable[Firing], channel: Channel, policy: Policy, reads: Reads) -> Iterator[str]:
    """The breaches of milder alarms that are noted; none, and nothing is read, if an alarm is to roll back."""
    said = [(breach, _word(one, policy)) for one in firing if (breach := _breach_of(one, channel, policy, None))]
    if any(word == "roll_back" for _, word in said):
        return
    for breach, word in said:
        held = any(moved.event == breach.id and moved.kind == "hold" for moved in channel.moves)
        was_made = word == "tell" or held or noted.needless(breach.time, channel) is not None
        if was_made and _is_noted(breach, word, reads):
            yield breach.id


def _is_noted(breach: Event, word: alarm.Word, reads: Reads) -> bool:
    """Whether `roll_back` has noted the breach; if that cannot be read, it is told once more rather than hide others."""
    try:
        told = told_before(reads, "roll_back", breach.id)
    except FederationError:
        return False
    return any(event.type == events.SLO_NOTED and event.data["word"] == word for event in told)


def _has_led_back(event: Event, channel: Channel, policy: Policy) -> bool:
    """Whether an earlier delivery of this event may have been cut short after a roll-back.

    It may if there was a roll-back since the event's time, less the settling period.
    """
    due = instant.moment(event.time) - timedelta(seconds=policy.rollback.settle_seconds)
    return any(moved.kind == "roll_back" and instant.moment(moved.at) >= due for moved in channel.moves)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Announce a breach for each alarm about what serves; it is the same event however often the alarm is polled.

    The gravest comes first. When a release begins to serve, every alarm that already fires is announced, so that the
    reason to ignore it is recorded. What an earlier delivery announced is announced again: if its roll-back has moved
    the channel, the alarm no longer concerns what serves, and would not be found a second time.
    """
    begins = event.type == events.RELEASE_PROMOTED
    new = (_begun(one) if begins else _breach_of(one, facts.channel, policy, now) for one in facts.firing)
    breached = {one.id: one for one in (*facts.told, *(one for one in new if one and one.id not in facts.noted))}
    if not breached:
        return NOTHING
    gravest_first = sorted(breached.values(), key=lambda breach: get_args(alarm.Word).index(_gravest(breach, policy)))
    why = f"alarms firing now: {', '.join(one.subject for one in gravest_first)}"
    return Outcome(why=why, events=tuple(gravest_first), repeat=len(breached) == len(facts.told))


def _word(one: Firing, policy: Policy) -> alarm.Word:
    return _gravest(_begun(one), policy)


def _gravest(breach: Event, policy: Policy) -> alarm.Word:
    return alarm.gravest(breach, policy.rollback.alarms)


def _begun(one: Firing) -> Event:
    return _told_as_of(one.at, one)


def _told_as_of(at: str, one: Firing) -> Event:
    return alarm.breached(one.key, at, one.labels, {one.name: None} if one.name else None)


def _breach_of(one: Firing, channel: Channel, policy: Policy, now: str | None) -> Event | None:
    """The breach as which an alarm is told, if it concerns what serves; a hold is about no release."""
    if _word(one, policy) == "hold":
        return _begun(one)
    since = channel.serving.since if channel.serving else None
    at = alarm.speaks_at(one.at, since, policy.rollback.settle_seconds, now) if since else None
    return _told_as_of(at, one) if at else None
