# SPDX-License-Identifier: Apache-2.0
"""An SLO was breached: does that concern what serves now, and which stable release is there to return to?

This step reads only the policy and the channel, and no window, gate, approval, hold or registry can block it. What the
policy lets an alarm do besides is in `noted.py`.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from federation.core import alarm, instant
from federation.core import channel as channels
from federation.core import event as events
from federation.core.alarm import Said
from federation.core.channel import Channel, Entry
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.move import Cause, Moved, not_before
from federation.core.outcome import Move, Outcome, shift
from federation.core.policy import Policy
from federation.core.way_back import rollback_target
from federation.gathering import Reads
from federation.steps import noted
from federation.steps.again import moved_before
from federation.steps.govern import STANDS

HEARS = (events.SLO_BREACHED, events.ROLLBACK_ORDERED)


def gather(event: Event, reads: Reads) -> Channel:
    """The channel."""
    del event
    return reads.channel(reads.policy_without_delay().channel)


def decide(event: Event, channel: Channel, policy: Policy, now: str) -> Outcome:
    """Move back once per incident, and only for data about what serves now."""
    if moved := next((one for one in channel.moves if one.event == event.id and one.kind == "roll_back"), None):
        return moved_before(channel, _rolled_back(moved))
    return _as_said(event, _said_of(event, policy), channel, policy, now)


def _said_of(event: Event, policy: Policy) -> Sequence[Said]:
    """What the policy lets the event do, and since when what it tells of has gone on; a person's order rolls back."""
    return alarm.said_of(event, policy.rollback.alarms if event.type == events.SLO_BREACHED else {})


def _as_said(event: Event, said: Sequence[Said], channel: Channel, policy: Policy, now: str) -> Outcome:
    """Do what the gravest word says; if it is not about what serves, or nothing can be done, say so and take the next."""
    gravest, *milder = said
    if gravest.word == "hold":
        return noted.hold(event, gravest, channel, _moment(event, channel, policy, now))
    serving = channel.serving
    if serving is None:
        skipped = _skip(event, "nothing serves, so there is nothing to roll back")
    elif elsewhere := _about_another(event, gravest.began, serving, policy):
        skipped = _skip(event, elsewhere)
    elif event.type == events.ROLLBACK_ORDERED and (outlived := _outlived(event, channel, serving, now)):
        skipped = _skip(event, outlived)
    else:
        target = _target(event, channel)
        if gravest.word == "tell":
            return noted.tell(event, gravest, serving, target)
        if target:
            return _roll_back(event, channel, serving, target, _moment(event, channel, policy, now))
        skipped = _skip(event, _nowhere(event, channel, serving))
    return _after(skipped, _as_said(event, milder, channel, policy, now)) if milder else skipped


def _after(skipped: Outcome, done: Outcome) -> Outcome:
    """What is done for the milder alarms of a group, and why nothing is for the graver ones."""
    return replace(done, why=f"{skipped.why}; {done.why}", events=(*skipped.events, *done.events))


def _about_another(event: Event, began: str, serving: Entry, policy: Policy) -> str | None:
    """Why what is told is not about the serving release: it speaks of an earlier time, or names another release."""
    named = event.data.get("release")
    if named and named != serving.name:
        return f"it names {named}, but {serving.name} serves now"
    return _stale(event, began, serving, policy) if event.type == events.SLO_BREACHED else None


def _outlived(order: Event, channel: Channel, serving: Entry, now: str) -> str | None:
    """Why an order does not count that was given long before what serves began, or came back, to serve.

    Whoever names a release that nobody has left since means it, whatever the clocks say.
    """
    given, since = instant.moment(order.time), instant.moment(serving.since)
    others = (one for one in channel.moves if one.kind in ("promote", "roll_back") and one.release != serving.name)
    left = not order.data.get("release") or any(instant.moment(one.at) > given for one in others)
    if not left or not given + STANDS < since <= instant.moment(now):
        return None
    return f"it was ordered at {order.time}, but {serving.name} serves since {serving.since}; if that is bad, order it again"


def _stale(event: Event, began: str, serving: Entry, policy: Policy) -> str | None:
    """Why the alarm does not count: its data is about an earlier release, or from the very moment of the move.

    One of a group may have begun while the release settled in: it fires on at the moment of which the group tells.
    """
    told = str(event.data.get("at") or event.time)
    if alarm.concerns(began, serving.since, policy.rollback.settle_seconds, told):
        return None
    counts_from = alarm.counts_from(serving.since, policy.rollback.settle_seconds)
    return (
        f"the alarm is about {instant.text(instant.moment(began))}, and {serving.name} has served since {serving.since}; "
        f"alarms count against it from {instant.text(counts_from)}"
    )


def _target(event: Event, channel: Channel) -> Entry | None:
    wanted = event.data.get("to")
    if not wanted:
        return rollback_target(channel)
    entry = channel.place_of(wanted)
    return entry if entry and entry != channel.serving and not channel.forbids(entry.units.values()) else None


def _nowhere(event: Event, channel: Channel, serving: Entry) -> str:
    wanted = event.data.get("to")
    if not wanted:
        return (
            f"no stable release is left to go back to from {serving.name}; a person has to choose: promote another release "
            "by name, or lift the quarantined units of a warm one and roll back to it (`federation explain roll_back`)"
        )
    entry = channel.place_of(wanted)
    if entry and (forbidden := channel.forbids(entry.units.values())):
        units = ", ".join(channel.quarantine[one].unit for one in forbidden)
        return f"{wanted} contains units in quarantine: {units}; lift them first, or go back to another release"
    kept = ", ".join(entry.name for entry in channel.live() if entry.name != serving.name) or "none"
    state = "serves already" if wanted == serving.name else "is not kept ready"
    return f"{wanted} {state}; the other releases kept ready: {kept}"


def _moment(event: Event, channel: Channel, policy: Policy, now: str) -> str:
    """The moment of the move: not before the alarm or the last move, if their clock is a little ahead of ours.

    Otherwise the same alarm, still firing, would seem to have begun under the restored release.
    """
    fired = str(event.data.get("at") or event.time)
    return not_before(now, fired, *channel.last_moved(), seconds=policy.rollback.settle_seconds)


def _roll_back(event: Event, channel: Channel, serving: Entry, target: Entry, now: str) -> Outcome:
    reason = str(event.data.get("why") or f"{event.subject} fired at {event.data.get('at', event.time)}")
    whoever = "somebody who gave no name" if event.type == events.ROLLBACK_ORDERED else "roll_back"
    cause = Cause(
        event=event.id,
        at=now,
        who=str(event.data.get("who") or whoever),
        why=f"{serving.name} was rolled back: {reason}",
    )
    to = channels.roll_back(channel, target, cause)
    return Outcome(
        why=f"{target.name} serves again. {cause.why}",
        move=Move(channel=channel.name, expected=channel.counter, to=to.document()),
        acts=(shift(to),),
        events=(_rolled_back(to.moves[-1]),),
        urgent=True,
    )


def _rolled_back(moved: Moved) -> Event:
    return Event(
        type=events.RELEASE_ROLLED_BACK,
        source="//federation/roll_back",
        subject=moved.release or "",
        time=moved.at,
        key=f"{moved.release}|{moved.counter}",
        data={
            "release": moved.release,
            "counter": moved.counter,
            "who": moved.who,
            "why": moved.why,
            "quarantined": dict(moved.quarantined),
        },
    )


def _skip(event: Event, why: str) -> Outcome:
    told = Event(
        type=events.ROLLBACK_SKIPPED,
        source="//federation/roll_back",
        subject=event.subject,
        time=event.time,
        key=f"{event.id}|{digest(why)}",
        data={"why": why, "alarm": event.data.get("alarm", event.subject)},
    )
    return Outcome(why=f"no roll-back: {why}", events=(told,))
