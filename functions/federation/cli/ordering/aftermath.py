# SPDX-License-Identifier: Apache-2.0
"""Did somebody else roll back first, and what is left to do after an order?"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from federation.cli.clock import now
from federation.cli.home.opened import Home
from federation.cli.pages.ways_out import ways_out, ways_to
from federation.cli.screen.happened import Followed
from federation.cli.screen.output import readable, short
from federation.cli.store.candidate import candidate, next_release
from federation.cli.store.inventory import left_by_rollback
from federation.cli.store.moves import shifts
from federation.cli.store.shelf import Shelf
from federation.cli.store.standing import concerns
from federation.core import cadence, instant
from federation.core import event as events
from federation.core.channel import Channel, Entry
from federation.core.event import Event
from federation.errors import ConflictError, FederationError, ServiceError

_LEAVE_SOMETHING: Final = frozenset({events.APPROVAL_GIVEN, events.QUARANTINE_ORDERED, events.LIFT_ORDERED})
_NOT_READY: Final = (
    "Why the last merge made no release: federation explain fuse; to ask for another: federation tick merge"
)
_REFUSALS: Final = frozenset({events.ROLLBACK_SKIPPED, events.PROMOTION_HELD})


def unless_just_left(channel: Channel, settle_seconds: int, at: str) -> None:
    """Refuse a roll-back that names nothing right after another one, which it would take one release further.

    Args:
        channel: As it is now.
        settle_seconds: For how long what serves is given time, as with alarms.
        at: When the order is given.

    Raises:
        ConflictError: An alarm or another person was first.
    """
    last = next(reversed(shifts(channel.moves)), None)
    if last is None or last.kind != "roll_back":
        return
    since = instant.moment(at) - instant.moment(last.at)
    if abs(since) < timedelta(seconds=settle_seconds):  # a move has its alarm's time, and that clock may be ahead
        raise ConflictError(
            f"there was a roll-back {max(0, int(since.total_seconds()))} seconds ago. {last.release} has served since. "
            f"{readable(last.why)} (by {last.who})",
            hint=f"If {last.release} is bad as well, give the same command with: --from {last.release}",
        )


def what_is_left(home: Home, given: Event, followed: Followed) -> list[str]:
    """What a person can do after an order that was refused, or that leaves something to be done.

    The order has been decided by then, so a service that fails while this is looked up does not make it fail.
    """
    told = [event for one in followed.happened if one.event.id == given.id for event in one.announced]
    if given.type not in _LEAVE_SOMETHING and _REFUSALS.isdisjoint(event.type for event in told):
        return []
    try:
        return list(_what_is_left(Shelf(home.ports), given, told))
    except FederationError as error:
        return [f"That could not be looked up: {error}. Later: federation status"]


def _what_is_left(shelf: Shelf, given: Event, told: Sequence[Event]) -> Iterator[str]:
    policy = shelf.policy()
    channel = shelf.channel(policy.channel)
    if any(event.type == events.ROLLBACK_SKIPPED for event in told) and concerns(given, channel, policy):
        yield from ways_to(shelf, channel, given.data.get("to"))
        yield from ways_out(channel)
    for event in told:
        if event.type == events.PROMOTION_HELD:
            found = candidate(shelf, event.subject, now())
            yield from _but_again(given, found.ways) if found else (_NOT_READY,)
    if given.type == events.APPROVAL_GIVEN and told:
        yield from _after_approval(shelf, channel, given.subject)
    if given.type == events.LIFT_ORDERED:
        yield from _coming_back(shelf, channel)
    if given.type == events.QUARANTINE_ORDERED and channel.serving:
        yield from _still_serving(channel.serving, channel.forbids([given.data["artifact"]]))


def _but_again(given: Event, ways: Sequence[str]) -> Iterator[str]:
    """The ways; the order that was just refused is one only after the others."""
    for way in ways:
        same = given.data.get("outside_window") and "--outside-window" in way
        yield "When that is done, and before the window opens: the same command again" if same else way


def with_its_move(home: Home, given: Event, error: ServiceError) -> ServiceError:
    """The error, with what the order has done already if it has moved the channel and that can be read."""
    shelf = Shelf(home.ports)
    try:
        moved = shelf.own_channel().moved_by(given.id)
        is_dead = moved is not None and any(letter.event.id == given.id for letter in home.letters.list())
    except FederationError:
        return error
    if moved is None:
        return error
    if is_dead:
        told = f"{moved.release} is to serve as of move {moved.counter}, but the nodes may not know yet: {error}"
    else:
        told = (
            f"the order is carried out: {moved.release} serves as of move {moved.counter}. What follows failed: {error}"
        )
    return ServiceError(told, hint=error.hint)


def _after_approval(shelf: Shelf, channel: Channel, name: str) -> Iterator[str]:
    """What holds an approved release still; nothing about one that serves."""
    found = None if channel.serving and channel.serving.name == name else candidate(shelf, name, now())
    if found:
        yield f"{name} is still held: {readable(found.held)}" if found.held else f"Nothing holds {name} any more."
        yield from found.ways


def _coming_back(shelf: Shelf, channel: Channel) -> Iterator[str]:
    """Whether the release that a roll-back left is promoted again by itself, now that nothing forbids what it holds."""
    cadence_, at = shelf.policy().cadence, instant.moment(now())
    is_open = cadence.is_open(cadence_.promotion, cadence_.time_zone, at)
    opens = at if is_open else cadence.next_fire(cadence_.promotion.opens, cadence_.time_zone, at)
    found = next_release(shelf, channel, instant.text(opens))
    if found is None or found.name not in left_by_rollback(channel):
        return
    if found.held:
        yield f"{found.name}, which a roll-back left, is not promoted by itself: {readable(found.held)}"
        yield from found.ways
    else:
        yield f"{found.name}, which a roll-back left, is promoted again by the next tick in the window"
        yield "To keep it from coming back until there is a better one: federation hold --who YOU --why 'WHY'"


def _still_serving(serving: Entry, forbidden: Sequence[str]) -> Iterator[str]:
    """What to do about an artifact in quarantine that serves: a quarantine takes nothing away from the nodes."""
    for artifact in forbidden:
        if artifact in serving.units.values():
            yield f"{short(artifact)} serves all the same, in {serving.name}: federation rollback --who YOU --why 'WHY'"
