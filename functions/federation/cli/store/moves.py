# SPDX-License-Identifier: Apache-2.0
"""Which moves has the channel made since its first one, which of them changed what serves, and which decision made each?

The channel remembers only its last moves. A decision that moved it contains the channel of that time, with the moves that
it remembered then. So one decision for each such span is enough to go back to the first move.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.channel import Channel
from federation.core.move import MoveKind, PastMove

_DECIDED_BY: Final[Mapping[MoveKind, str]] = {"promote": "promote", "roll_back": "roll_back", "probe": "sweep"}
"""The step that decides about a kind of move; all other moves are people's orders, by `govern`."""


SHIFTED: Final[Mapping[MoveKind, str]] = {"promote": "promoted", "roll_back": "gone back to"}
"""The kinds of moves that change what serves, and what each did to the release, in words."""


def shifts(channel_moves: Sequence[PastMove]) -> Sequence[PastMove]:
    """The moves that changed what serves, in their order."""
    return [moved for moved in channel_moves if moved.kind in SHIFTED]


def moves(shelf: Shelf, channel: Channel) -> Sequence[PastMove]:
    """Every move, the first one first, as far back as stored decisions go."""
    known = list(channel.moves)
    while known and known[0].counter > 1 and (earlier := _before(shelf, known)):
        known = [*earlier, *known]
    return known


def with_all_moves(shelf: Shelf, channel: Channel) -> Channel:
    """The channel with all of its moves."""
    return replace(channel, moves=moves(shelf, channel))


def decision_of(shelf: Shelf, moved: PastMove) -> tuple[str, Mapping[str, Any]] | None:
    """The name and content of the decision that made a move; None if none is stored, or it is damaged.

    A decision that lost a race for its move is stored as well, so the move itself is compared.
    """
    step = _DECIDED_BY.get(moved.kind, "govern")
    places = shelf.names(names.decisions(step, moved.event))
    return next(
        ((place, decision) for place, decision in shelf.readable(places) if moved in _moves_in(decision)[-1:]), None
    )


def _moves_in(decision: Any) -> Sequence[PastMove]:
    """The moves in the channel that a decision moved, its own one last; empty if it is not a decision or moved nothing."""
    try:
        return msgspec.convert(decision["outcome"]["move"]["to"]["moves"], list[PastMove])
    except (KeyError, TypeError, msgspec.ValidationError):
        return ()


def _before(shelf: Shelf, known: Sequence[PastMove]) -> Sequence[PastMove]:
    """Moves before the first known one, from the earliest stored decision; empty if no decision has any."""
    for moved in known:
        stored = decision_of(shelf, moved)
        if stored and (earlier := [move for move in _moves_in(stored[1]) if move.counter < known[0].counter]):
            return earlier
        if stored:
            return ()
    return ()
