# SPDX-License-Identifier: Apache-2.0
"""Which deliveries does a home still have to make, and do its nodes know the channel's last move?

Only a home in a folder is asked: if a command was killed, the queue waits for the next command, and the nodes are a file.
In a cloud the queue delivers again by itself, or the event becomes a dead letter.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol, runtime_checkable

from federation.cli.store.moves import shifts
from federation.cli.store.shelf import Shelf
from federation.core.channel import Channel
from federation.core.move import PastMove
from federation.errors import FederationError
from federation.local.traffic import LocalTraffic
from federation.ports import DeadLetter, Ports, Served

_AHEAD: Final = (
    "Another home shifts them too, or this one was restored from a backup. Before anything else, read docs/operations.md, "
    '"When somebody else changed what is live"'
)
_TELL: Final = "To send it to them: federation tick sweep"


@runtime_checkable
class Queue(Protocol):
    """What only the bus of a home in a folder can do."""

    def open(self) -> Sequence[DeadLetter]:
        """The deliveries that are still to be made, oldest first."""
        ...


def deliveries(ports: Ports) -> Sequence[DeadLetter]:
    """The deliveries that wait for the next command; none in a cloud."""
    return ports.bus.open() if isinstance(ports.bus, Queue) else ()


def node_difference(shelf: Shelf, channel: Channel) -> str | None:
    """How the nodes differ from the channel, and what to do; None if they do not, or cannot be asked here.

    Also None while the channel moves, and if it has made no move: then it is new, or lost.
    """
    traffic = shelf.ports.traffic
    if not isinstance(traffic, LocalTraffic) or channel.counter == 0:
        return None
    try:
        served = traffic.serving(channel.name)
    except FederationError as error:
        return f"What the nodes serve cannot be read: {error}"
    difference = _difference(served, channel)
    return difference if difference and shelf.channel(channel.name).counter == channel.counter else None


def doubts(shelf: Shelf, channel: Channel, moves: Sequence[PastMove]) -> Iterator[str]:
    """A sentence for each of these moves that the nodes may not know."""
    waiting = {delivery.event.id for delivery in deliveries(shelf.ports)}
    for moved in moves:
        if moved.event in waiting:
            yield (
                f"The process that made move {moved.counter}, to {moved.release}, was stopped half-way, and its delivery "
                "waits: the nodes may not have received that move"
            )
    if moves and list(moves[-1:]) == list(shifts(channel.moves)[-1:]) and (now := node_difference(shelf, channel)):
        yield now


def _difference(served: Served | None, channel: Channel) -> str | None:
    if served and served.counter > channel.counter:
        ours = f"but this channel is at move {channel.counter}"
        return f"The nodes serve {served.release} since move {served.counter}, {ours}. {_AHEAD}"
    if served and channel.serving and served.release == channel.serving.name:
        return None
    last = next(reversed(shifts(channel.moves)), None)
    serve = f"they serve {served.release}, since move {served.counter}" if served else "they serve nothing"
    if last and (served is None or served.counter < last.counter):
        return f"But the nodes have not received move {last.counter}: {serve}. {_TELL}"
    return f"But the nodes received something else: {serve}. {_TELL}"
