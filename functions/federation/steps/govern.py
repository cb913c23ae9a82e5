# SPDX-License-Identifier: Apache-2.0
"""A person gave an order: does it still stand, what does it change, and how is it recorded who gave it and why?

A dead letter waits until somebody redrives it, who may know nothing of the orders among them. So an old order that
allows something is refused; one that protects is carried out however late it comes.
"""

from datetime import timedelta
from typing import Any, Final

import msgspec

from federation.core import channel as channels
from federation.core import event as events
from federation.core import instant, names
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.move import Cause, not_before
from federation.core.outcome import Document, Move, Outcome
from federation.core.policy import Policy
from federation.errors import ContractError
from federation.gathering import Reads

HEARS = (
    events.APPROVAL_GIVEN,
    events.QUARANTINE_ORDERED,
    events.LIFT_ORDERED,
    events.ANCHOR_ORDERED,
    events.HOLD_ORDERED,
    events.RESUME_ORDERED,
    events.POLICY_ORDERED,
)

STANDS: Final = timedelta(days=1)
"""As long as a bus goes on delivering an order by itself (infra/aws/bus.tf); after that, a person has redriven it."""

_ALLOWING: Final = frozenset({events.LIFT_ORDERED, events.RESUME_ORDERED, events.ANCHOR_ORDERED})
"""Orders to move the channel that may undo what somebody has done since they were given."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel, and the digests of the release and of the policy that the order names, if they are stored."""

    channel: Channel
    release: str | None = None
    policy: str | None = None


def too_late(order: Event, now: str) -> str | None:
    """Why an order does not stand any more; None if it was given within STANDS."""
    ago = instant.moment(now) - instant.moment(order.time)
    if ago <= STANDS:
        return None
    who, hours = str(order.data.get("who") or "somebody"), ago // timedelta(hours=1)
    asked = f"{who} ordered it at {order.time}, {hours} hours ago"
    return f"{asked}, about things as they were then; if it is still right, order it again"


def gather(event: Event, reads: Reads) -> Facts:
    """What the order is about."""
    name, version = event.data.get("release"), event.data.get("version")
    release = reads.document(names.release(name)) if name else None
    policy = reads.document(names.policy(version)) if isinstance(version, int) else None
    return Facts(
        channel=reads.channel(reads.policy().channel),
        release=digest(release) if release else None,
        policy=digest(policy) if policy else None,
    )


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Carry the order out, or refuse it with a reason."""
    channel = facts.channel
    if channel.moved_by(event.id):
        return Outcome(
            why="carried out before",
            events=(_order_event(event, events.ORDER_CARRIED_OUT, "carried out"),),
            repeat=True,
        )
    if refused := events.unsigned(event) or (too_late(event, now) if event.type in _ALLOWING else None):
        return _refuse(event, refused)
    if event.type == events.APPROVAL_GIVEN:
        return _approve(event, facts)
    if event.type == events.POLICY_ORDERED:
        return _ordered_policy(event, facts)
    if refused := _impossible(event, channel, now):
        return _refuse(event, refused)
    # A last move dated ahead of our clock is older than this one; a resume dated before an alarm's hold would not count.
    at = not_before(now, *channel.last_moved(), seconds=policy.rollback.settle_seconds)
    to = _moved(event, channel, at)
    why = f"{event.data['who']}: {event.data['why']}"
    return Outcome(
        why=why,
        move=Move(channel=channel.name, expected=channel.counter, to=to.document()),
        events=(_order_event(event, events.ORDER_CARRIED_OUT, why),),
    )


def _approve(event: Event, facts: Facts) -> Outcome:
    if facts.release is None:
        return _refuse(event, f"there is no release {event.data.get('release')}; `federation releases` lists them")
    value = {
        "release": facts.release,
        "who": event.data["who"],
        "why": event.data["why"],
        "at": event.time,
    }
    name = f"{names.approvals(event.data['release'])}{names.short(event.id)}"
    why = f"{event.data['who']} approved {event.data['release']}: {event.data['why']}"
    kept = Document(name=name, value=value)
    return Outcome(why=why, documents=(kept,), events=(_order_event(event, events.ORDER_CARRIED_OUT, why),))


def _ordered_policy(event: Event, facts: Facts) -> Outcome:
    """Record who stored a policy, and why; the policy itself is active from the moment it is stored."""
    version = event.data.get("version")
    if facts.policy is None or facts.policy != event.data.get("digest"):
        why = f"version {version} of the policy is not stored as ordered; store it with `federation init`"
        return _refuse(event, why)
    value = {"policy": facts.policy, "who": event.data["who"], "why": event.data["why"], "at": event.time}
    kept = Document(name=f"{names.policy_orders(event.data['version'])}{names.short(event.id)}", value=value)
    why = f"{value['who']} stored version {version} of the policy: {value['why']}"
    return Outcome(why=why, documents=(kept,), events=(_order_event(event, events.ORDER_CARRIED_OUT, why),))


def _impossible(event: Event, channel: Channel, now: str) -> str | None:
    artifact = str(event.data.get("artifact"))
    if event.type == events.LIFT_ORDERED and artifact not in channel.quarantine:
        return f"{artifact} is not in quarantine"
    if event.type == events.QUARANTINE_ORDERED and artifact in channel.quarantine:
        return f"{artifact} is already in quarantine: {channel.quarantine[artifact].why}"
    if event.type == events.ANCHOR_ORDERED:
        return _unfit(event.data.get("release"), channel)
    if event.type == events.RESUME_ORDERED and channel.held(now) is None:
        return "promotions are not held"
    return _in_vain(event.data.get("until"), channel, now) if event.type == events.HOLD_ORDERED else None


def _in_vain(until: Any, channel: Channel, now: str) -> str | None:
    """Why a hold would add nothing, or would shorten another; without `until` it lasts until promotions are resumed."""
    if until is not None and (not isinstance(until, str) or instant.normalise(until) != until):
        return f"{until!r:.60} is not a time in UTC; write one such as 2026-12-01T06:00:00Z"
    if until is not None and instant.moment(until) <= instant.moment(now):
        return f"{until} has passed, so nothing would be held; name a later time"
    held = channel.held(now)
    if held and (held.until is None or (until is not None and instant.moment(held.until) >= instant.moment(until))):
        ends = f"until {held.until}" if held.until else "until somebody resumes them"
        return f"{held.who} already holds promotions {ends}: {held.why}; resume them first to replace that hold"
    return None


def _unfit(name: str | None, channel: Channel) -> str | None:
    """Why a release cannot be the anchor."""
    entry = channel.place_of(name)
    if entry is None:
        kept = ", ".join(one.name for one in channel.live()) or "none"
        return f"{name} is not kept ready; the releases kept ready: {kept}"
    if channel.anchor and channel.anchor.name == name:
        return f"{name} is already the anchor"
    if forbidden := channel.forbids(entry.units.values()):
        return f"{name} contains units in quarantine: {', '.join(channel.quarantine[one].unit for one in forbidden)}"
    return None


def _moved(event: Event, channel: Channel, now: str) -> Channel:
    cause = Cause(event=event.id, at=now, who=event.data["who"], why=event.data["why"])
    match event.type:
        case events.QUARANTINE_ORDERED:
            return channels.quarantine(channel, event.data["artifact"], event.data.get("unit", "unit"), cause)
        case events.LIFT_ORDERED:
            return channels.lift(channel, event.data["artifact"], cause)
        case events.ANCHOR_ORDERED if entry := channel.place_of(event.data["release"]):
            return channels.anchor(channel, entry, cause)
        case events.HOLD_ORDERED:
            return channels.hold(channel, cause, until=event.data.get("until"))
        case events.RESUME_ORDERED:
            return channels.resume(channel, cause)
        case _:
            raise ContractError(f"{event.type} about {event.subject} is no order that moves the channel")


def _refuse(event: Event, why: str) -> Outcome:
    return Outcome(why=f"order refused: {why}", events=(_order_event(event, events.ORDER_REFUSED, why),))


def _order_event(event: Event, type_: str, why: str) -> Event:
    return Event(
        type=type_,
        source="//federation/govern",
        subject=event.subject,
        time=event.time,
        key=f"{event.id}|{digest(why)}",
        data={"order": event.type, "why": why},
    )
