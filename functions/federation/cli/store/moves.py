# SPDX-License-Identifier: Apache-2.0
"""Which moves has the channel made since its first one, which of them shifted it, and which stored decision made each?

The channel remembers its last moves alone. A decision that moved it holds the channel as it was then, with the moves that
were remembered then, so one decision for each of these spans is enough to go back to the first move.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.channel import Channel
from federation.core.move import Moved, MoveKind

_DECIDED_BY: Final[Mapping[MoveKind, str]] = {"promote": "promote", "roll_back": "roll_back", "probe": "sweep"}
"""The step that decides about a kind of move; all others are people's orders."""


SHIFTED: Final[Mapping[MoveKind, str]] = {"promote": "promoted", "roll_back": "gone back to"}
"""What a move after which a release serves has done to that release, in words."""


def shifts(known: Sequence[Moved]) -> Sequence[Moved]:
    """Those of the moves after which a release serves, in their order."""
    return [moved for moved in known if moved.kind in SHIFTED]


def moves(shelf: Shelf, channel: Channel) -> Sequence[Moved]:
    """Every move, the first one first; as far back as stored decisions tell of them."""
    known = list(channel.moves)
    while known and known[0].counter > 1 and (earlier := _before(shelf, known)):
        known = [*earlier, *known]
    return known


def whole(shelf: Shelf, channel: Channel) -> Channel:
    """The channel as if it had forgotten none of its moves."""
    return replace(channel, moves=moves(shelf, channel))


def decided(shelf: Shelf, moved: Moved) -> tuple[str, Mapping[str, Any]] | None:
    """The decision that made a move, after its document's name; None if none is stored, or it is damaged.

    One that another move overtook is stored as well, so the move itself is compared.
    """
    step = _DECIDED_BY.get(moved.kind, "govern")
    places = shelf.names(names.decisions(step, moved.event))
    return next(((place, found) for place, found in shelf.readable(places) if moved in _told_in(found)[-1:]), None)


def _told_in(decision: Any) -> Sequence[Moved]:
    """The moves in the channel that a decision moved, its own one last; none of what is no decision, or moved nothing."""
    try:
        return msgspec.convert(decision["outcome"]["move"]["to"]["moves"], list[Moved])
    except (KeyError, TypeError, msgspec.ValidationError):
        return ()


def _before(shelf: Shelf, known: Sequence[Moved]) -> Sequence[Moved]:
    """Moves before the first of these, from the earliest one whose decision is stored; none if no decision tells of any."""
    for moved in known:
        found = decided(shelf, moved)
        if found and (earlier := [one for one in _told_in(found[1]) if one.counter < known[0].counter]):
            return earlier
        if found:
            return ()
    return ()
