# SPDX-License-Identifier: Apache-2.0
"""An SLO was breached: is that about what serves now, and to which stable release does the channel go back?

This step reads only the policy and the channel, and no window, gate, approval, hold or registry can block it. The
policy's milder responses are in `alarm_responses.py`.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from federation.core import alarm, instant
from federation.core import channel as channels
from federation.core import event as events
from federation.core.alarm import AlarmResponse
from federation.core.channel import Channel, Entry
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.move import Cause, PastMove, not_before
from federation.core.outcome import Move, Outcome, shift
from federation.core.policy import Policy
from federation.core.rollback_target import rollback_target
from federation.gathering import Reads
from federation.steps import alarm_responses
from federation.steps.govern import STANDS
from federation.steps.redelivery import repeat_move

HEARS = (events.SLO_BREACHED, events.ROLLBACK_ORDERED)


def gather(event: Event, reads: Reads) -> Channel:
    """The channel."""
    del event
    return reads.channel(reads.policy_without_delay().channel)


def decide(event: Event, channel: Channel, policy: Policy, now: str) -> Outcome:
    """Roll back once per incident, and only for data about what serves now."""
    if earlier := next((move for move in channel.moves if move.event == event.id and move.kind == "roll_back"), None):
        return repeat_move(channel, _rolled_back_event(earlier))
    outcomes: list[Outcome] = []
    for response in _responses(event, policy):
        result = _respond(event, response, channel, policy, now)
        outcomes.append(_skip(event, result) if isinstance(result, str) else result)
        if not isinstance(result, str):
            break
    return replace(
        outcomes[-1],
        why="; ".join(outcome.why for outcome in outcomes),
        events=tuple(announced for outcome in outcomes for announced in outcome.events),
    )


def _responses(event: Event, policy: Policy) -> Sequence[AlarmResponse]:
    """The responses that the policy allows, the gravest first. A person's order always rolls back."""
    return alarm.responses_to(event, policy.rollback.alarms if event.type == events.SLO_BREACHED else {})


def _respond(event: Event, response: AlarmResponse, channel: Channel, policy: Policy, now: str) -> Outcome | str:
    """The outcome of one response, or why it does nothing."""
    if response.response == "hold":
        return alarm_responses.hold(event, response, channel, _move_time(event, channel, policy, now))
    serving = channel.serving
    if serving is None:
        return "nothing serves, so there is nothing to roll back"
    reason = _mismatch_reason(event, response.began, serving, policy)
    if event.type == events.ROLLBACK_ORDERED:
        reason = reason or _late_order_reason(event, channel, serving, now)
    if reason:
        return reason
    target = _target(event, channel)
    if response.response == "tell":
        return alarm_responses.tell(event, response, serving, target)
    if target is None:
        return _no_target_reason(event, channel, serving)
    return _roll_back(event, channel, serving, target, _move_time(event, channel, policy, now))


def _mismatch_reason(event: Event, began: str, serving: Entry, policy: Policy) -> str | None:
    """Why the event is not about the serving release: it names another one, or an earlier time. Else None."""
    name = event.data.get("release")
    if name and name != serving.name:
        return f"it names {name}, but {serving.name} serves now"
    return _stale_reason(event, began, serving, policy) if event.type == events.SLO_BREACHED else None


def _late_order_reason(order: Event, channel: Channel, serving: Entry, now: str) -> str | None:
    """Why an order is too old: it was given long before the serving release began, or came back, to serve. Else None.

    An order that names the serving release counts at any age, unless another release has served since.
    """
    ordered_at, since = instant.moment(order.time), instant.moment(serving.since)
    moves = (move for move in channel.moves if move.kind in ("promote", "roll_back") and move.release != serving.name)
    is_doubtful = not order.data.get("release") or any(instant.moment(move.at) > ordered_at for move in moves)
    if not is_doubtful or not ordered_at + STANDS < since <= instant.moment(now):
        return None
    serves = f"{serving.name} has served since {serving.since}"
    return f"it was ordered at {order.time}, but {serves}; order it again if that is bad"


def _stale_reason(event: Event, began: str, serving: Entry, policy: Policy) -> str | None:
    """Why the alarm does not count: it is about an earlier release, or from the very moment of the move. Else None.

    An alarm of a group may have begun while the release settled in: it is still firing at the time the group reports.
    """
    seen_at = str(event.data.get("at") or event.time)
    if alarm.counts_against(began, serving.since, policy.rollback.settle_seconds, seen_at):
        return None
    counts_from = alarm.counts_from(serving.since, policy.rollback.settle_seconds)
    return (
        f"the alarm is about {instant.text(instant.moment(began))}, and {serving.name} has served since {serving.since}; "
        f"alarms count against it from {instant.text(counts_from)}"
    )


def _target(event: Event, channel: Channel) -> Entry | None:
    name = event.data.get("to")
    if not name:
        return rollback_target(channel)
    entry = channel.place_of(name)
    return entry if entry and entry != channel.serving and not channel.forbids(entry.units.values()) else None


def _no_target_reason(event: Event, channel: Channel, serving: Entry) -> str:
    name = event.data.get("to")
    if not name:
        return (
            f"no stable release is left to go back to from {serving.name}; a person has to choose: promote another release "
            "by name, or lift the quarantined units of a warm one and roll back to it (`federation explain roll_back`)"
        )
    entry = channel.place_of(name)
    if entry and (forbidden := channel.forbids(entry.units.values())):
        units = ", ".join(channel.quarantine[artifact].unit for artifact in forbidden)
        return f"{name} contains units in quarantine: {units}; lift them first, or go back to another release"
    ready = ", ".join(entry.name for entry in channel.live() if entry.name != serving.name) or "none"
    state = "already serves" if name == serving.name else "is not kept ready"
    return f"{name} {state}; the other releases kept ready: {ready}"


def _move_time(event: Event, channel: Channel, policy: Policy, now: str) -> str:
    """The time of the move: not before the alarm or the last move, if their clock is a little ahead of ours.

    Otherwise the same alarm, still firing, would seem to have begun under the restored release.
    """
    alarm_at = str(event.data.get("at") or event.time)
    return not_before(now, alarm_at, *channel.last_moved(), seconds=policy.rollback.settle_seconds)


def _roll_back(event: Event, channel: Channel, serving: Entry, target: Entry, now: str) -> Outcome:
    reason = str(event.data.get("why") or f"{event.subject} fired at {event.data.get('at', event.time)}")
    unnamed = "somebody who gave no name" if event.type == events.ROLLBACK_ORDERED else "roll_back"
    cause = Cause(
        event=event.id,
        at=now,
        who=str(event.data.get("who") or unnamed),
        why=f"{serving.name} was rolled back: {reason}",
    )
    to = channels.roll_back(channel, target, cause)
    return Outcome(
        why=f"{target.name} serves again. {cause.why}",
        move=Move(channel=channel.name, expected=channel.counter, to=to.document()),
        acts=(shift(to),),
        events=(_rolled_back_event(to.moves[-1]),),
        urgent=True,
    )


def _rolled_back_event(move: PastMove) -> Event:
    return events.step_event(
        "roll_back",
        events.RELEASE_ROLLED_BACK,
        move.release or "",
        time=move.at,
        key=f"{move.release}|{move.counter}",
        data={
            "release": move.release,
            "counter": move.counter,
            "who": move.who,
            "why": move.why,
            "quarantined": dict(move.quarantined),
        },
    )


def _skip(event: Event, why: str) -> Outcome:
    skipped = event.follow_up(
        "roll_back",
        events.ROLLBACK_SKIPPED,
        event.subject,
        key=f"{event.id}|{digest(why)}",
        data={"why": why, "alarm": event.data.get("alarm", event.subject)},
    )
    return Outcome(why=f"no roll-back: {why}", events=(skipped,))
