# SPDX-License-Identifier: Apache-2.0
"""What can a person do after an order that was refused, or that leaves something to do?"""

from collections.abc import Iterator, Sequence
from typing import Final

from federation.cli.clock import now
from federation.cli.home.opened import Home
from federation.cli.pages.ways_out import ways_out, ways_to
from federation.cli.screen.decisions import Progress
from federation.cli.screen.output import readable, short
from federation.cli.store.candidate import candidate, next_release
from federation.cli.store.inventory import left_by_rollback
from federation.cli.store.serving import concerns
from federation.cli.store.shelf import Shelf
from federation.core import cadence, instant
from federation.core import event as events
from federation.core.channel import Channel, Entry
from federation.core.event import Event
from federation.errors import FederationError, ServiceError

_LEAVE_SOMETHING: Final = frozenset({events.APPROVAL_GIVEN, events.QUARANTINE_ORDERED, events.LIFT_ORDERED})
_NOT_READY: Final = "To see why the last merge made no release: federation explain fuse; to request another merge: "
"federation tick merge"
_REFUSALS: Final = frozenset({events.ROLLBACK_SKIPPED, events.PROMOTION_HELD})


def next_steps(home: Home, order: Event, progress: Progress) -> list[str]:
    """What a person can do after an order that was refused, or that leaves something to do.

    The order has been decided by now, so it does not fail if a service fails during this.
    """
    announced = [
        event for decision in progress.decisions if decision.event.id == order.id for event in decision.announced
    ]
    if order.type not in _LEAVE_SOMETHING and _REFUSALS.isdisjoint(event.type for event in announced):
        return []
    try:
        return list(_what_is_left(Shelf(home.ports), order, announced))
    except FederationError as error:
        return [f"The next steps could not be determined: {error}. Later: federation status"]


def _what_is_left(shelf: Shelf, order: Event, announced: Sequence[Event]) -> Iterator[str]:
    policy = shelf.policy()
    channel = shelf.channel(policy.channel)
    if any(event.type == events.ROLLBACK_SKIPPED for event in announced) and concerns(order, channel, policy):
        yield from ways_to(shelf, channel, order.data.get("to"))
        yield from ways_out(channel)
    for event in announced:
        if event.type == events.PROMOTION_HELD:
            release = candidate(shelf, event.subject, now())
            yield from _but_again(order, release.ways) if release else (_NOT_READY,)
    if order.type == events.APPROVAL_GIVEN and announced:
        yield from _after_approval(shelf, channel, order.subject)
    if order.type == events.LIFT_ORDERED:
        yield from _return_of_release(shelf, channel)
    if order.type == events.QUARANTINE_ORDERED and channel.serving:
        yield from _still_serving(channel.serving, channel.forbids([order.data["artifact"]]))


def _but_again(order: Event, ways: Sequence[str]) -> Iterator[str]:
    """The ways. One that repeats the refused order is replaced by a sentence: it comes after the others."""
    for way in ways:
        is_same_order = order.data.get("outside_window") and "--outside-window" in way
        yield "When that is done, give the same command again if the window is still closed" if is_same_order else way


def with_its_move(home: Home, order: Event, error: ServiceError) -> ServiceError:
    """The error, saying also what the order has already done, if it moved the channel and that can be read."""
    shelf = Shelf(home.ports)
    try:
        move = shelf.own_channel().moved_by(order.id)
        is_dead = move is not None and any(letter.event.id == order.id for letter in home.letters.list())
    except FederationError:
        return error
    if move is None:
        return error
    if is_dead:
        message = f"{move.release} should serve as of move {move.counter}, but the nodes may not know it yet: {error}"
    else:
        message = (
            f"the order was carried out: {move.release} serves as of move {move.counter}. A later step failed: {error}"
        )
    return ServiceError(message, hint=error.hint)


def _after_approval(shelf: Shelf, channel: Channel, name: str) -> Iterator[str]:
    """What still holds an approved release; nothing if it serves."""
    release = None if channel.serving and channel.serving.name == name else candidate(shelf, name, now())
    if release:
        yield f"{name} is still held: {readable(release.held)}" if release.held else f"Nothing holds {name} now."
        yield from release.ways


def _return_of_release(shelf: Shelf, channel: Channel) -> Iterator[str]:
    """After a lift: whether a release that a roll-back left is promoted again by itself; nothing if there is none."""
    cadence_, at = shelf.policy().cadence, instant.moment(now())
    is_open = cadence.is_open(cadence_.promotion, cadence_.time_zone, at)
    opens = at if is_open else cadence.next_fire(cadence_.promotion.opens, cadence_.time_zone, at)
    release = next_release(shelf, channel, instant.text(opens))
    if release is None or release.name not in left_by_rollback(channel):
        return
    if release.held:
        yield f"{release.name}, which a roll-back left, is not promoted automatically: {readable(release.held)}"
        yield from release.ways
    else:
        yield f"{release.name}, which a roll-back left, will be promoted again by the next tick in the window"
        yield "To prevent that until there is a better one: federation hold --who YOU --why 'WHY'"


def _still_serving(serving: Entry, forbidden: Sequence[str]) -> Iterator[str]:
    """What to do about each quarantined artifact that still serves: a quarantine does not change the nodes."""
    for artifact in forbidden:
        if artifact in serving.units.values():
            yield f"{short(artifact)} still serves, in {serving.name}; to roll it back: federation rollback --who YOU "
            "--why 'WHY'"
