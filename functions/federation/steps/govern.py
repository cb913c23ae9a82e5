# SPDX-License-Identifier: Apache-2.0
"""A person gave an order: does it still stand, and what does it change? Every order is recorded with who and why.

A dead letter waits until somebody redrives it, who may not know that it contains an order. So an old order that allows
something is refused; one that protects is carried out at any age.
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
"""How long a bus retries an order by itself (infra/aws/bus.tf); after that, a person has redriven it."""

_ALLOWING: Final = frozenset({events.LIFT_ORDERED, events.RESUME_ORDERED, events.ANCHOR_ORDERED})
"""Orders to move the channel that may undo a later decision."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The channel, and the digests of the release and of the policy that the order names, if they are stored."""

    channel: Channel
    release: str | None = None
    policy: str | None = None


def too_late(order: Event, now: str) -> str | None:
    """Why an order is too old to be carried out; None if it was given within STANDS."""
    age = instant.moment(now) - instant.moment(order.time)
    if age <= STANDS:
        return None
    who, hours = str(order.data.get("who") or "somebody"), age // timedelta(hours=1)
    order_text = f"{who} ordered it at {order.time}, {hours} hours ago"
    return f"{order_text}; things may have changed since, so order it again if it is still right"


def gather(event: Event, reads: Reads) -> Facts:
    """The channel, and the digests that the order names."""
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
    if reason := events.unsigned(event) or (too_late(event, now) if event.type in _ALLOWING else None):
        return _refuse(event, reason)
    if event.type == events.APPROVAL_GIVEN:
        return _approve(event, facts)
    if event.type == events.POLICY_ORDERED:
        return _record_policy(event, facts)
    if reason := _refusal(event, channel, now):
        return _refuse(event, reason)
    # A last move dated ahead of our clock is older than this one; a resume dated before an alarm's hold would not count.
    at = not_before(now, *channel.last_moved(), seconds=policy.rollback.settle_seconds)
    to = _channel_after(event, channel, at)
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
    document = Document(name=name, value=value)
    return Outcome(why=why, documents=(document,), events=(_order_event(event, events.ORDER_CARRIED_OUT, why),))


def _record_policy(event: Event, facts: Facts) -> Outcome:
    """Record who stored a policy, and why. The policy is active as soon as it is stored."""
    version = event.data.get("version")
    if facts.policy is None or facts.policy != event.data.get("digest"):
        why = f"version {version} of the policy is not stored as ordered; store it with `federation init`"
        return _refuse(event, why)
    value = {"policy": facts.policy, "who": event.data["who"], "why": event.data["why"], "at": event.time}
    document = Document(name=f"{names.policy_orders(event.data['version'])}{names.short(event.id)}", value=value)
    why = f"{value['who']} stored version {version} of the policy: {value['why']}"
    return Outcome(why=why, documents=(document,), events=(_order_event(event, events.ORDER_CARRIED_OUT, why),))


def _refusal(event: Event, channel: Channel, now: str) -> str | None:
    artifact = str(event.data.get("artifact"))
    if event.type == events.LIFT_ORDERED and artifact not in channel.quarantine:
        return f"{artifact} is not in quarantine"
    if event.type == events.QUARANTINE_ORDERED and artifact in channel.quarantine:
        return f"{artifact} is already in quarantine: {channel.quarantine[artifact].why}"
    if event.type == events.ANCHOR_ORDERED:
        return _anchor_refusal(event.data.get("release"), channel)
    if event.type == events.RESUME_ORDERED and channel.held(now) is None:
        return "promotions are not held"
    return _hold_refusal(event.data.get("until"), channel, now) if event.type == events.HOLD_ORDERED else None


def _hold_refusal(until: Any, channel: Channel, now: str) -> str | None:
    """Why a hold would add nothing or shorten another, or None. Without `until` it has no end."""
    if until is not None and (not isinstance(until, str) or instant.normalise(until) != until):
        return f"{until!r:.60} is not a time in UTC; write one such as 2026-12-01T06:00:00Z"
    if until is not None and instant.moment(until) <= instant.moment(now):
        return f"{until} has passed, so nothing would be held; name a later time"
    current = channel.held(now)
    if current and (
        current.until is None or (until is not None and instant.moment(current.until) >= instant.moment(until))
    ):
        ends = f"until {current.until}" if current.until else "until somebody resumes them"
        return f"{current.who} already holds promotions {ends}: {current.why}; resume them first to replace that hold"
    return None


def _anchor_refusal(name: str | None, channel: Channel) -> str | None:
    """Why a release cannot be the anchor; None if it can."""
    entry = channel.place_of(name)
    if entry is None:
        ready = ", ".join(entry.name for entry in channel.live()) or "none"
        return f"{name} is not kept ready; the releases kept ready: {ready}"
    if channel.anchor and channel.anchor.name == name:
        return f"{name} is already the anchor"
    if forbidden := channel.forbids(entry.units.values()):
        units = ", ".join(channel.quarantine[artifact].unit for artifact in forbidden)
        return f"{name} contains units in quarantine: {units}"
    return None


def _channel_after(event: Event, channel: Channel, now: str) -> Channel:
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
            raise ContractError(f"{event.type} about {event.subject} is not an order that moves the channel")


def _refuse(event: Event, why: str) -> Outcome:
    return Outcome(why=f"order refused: {why}", events=(_order_event(event, events.ORDER_REFUSED, why),))


def _order_event(event: Event, type_: str, why: str) -> Event:
    return event.follow_up(
        "govern", type_, event.subject, key=f"{event.id}|{digest(why)}", data={"order": event.type, "why": why}
    )
