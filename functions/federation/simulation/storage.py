# SPDX-License-Identifier: Apache-2.0
"""The store and the bus of a simulated home, which behave as badly as their ports' contracts allow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from federation.core import names
from federation.core.event import Event
from federation.errors import ConflictError
from federation.runtime import routes
from federation.simulation.chaos import Chaos
from federation.sources import Request
from federation.steps import StepName

_CURRENT: Final = 10
"""Current reads after a stale one: more than another worker makes between a decision and its confirmation."""


@dataclass(slots=True, kw_only=True)
class SimulatedStore:
    """Documents and channels. It may write and still answer with an error.

    Args:
        chaos: What goes wrong.
        documents: Bodies by name.
        moves: Every state of each channel, in order.
        current: The number of next channel reads that must be current, because an earlier one was stale.
        under: Name of the policy that was active when the present outcome was decided.
        decided_under: The same for each move of the channel, by its counter.
        minute: The true time in minutes, from which a process computes the age of its cache.
        moved_at: The true time of each move, by its counter.
    """

    chaos: Chaos
    documents: dict[str, bytes] = field(default_factory=dict)
    moves: dict[str, list[bytes]] = field(default_factory=dict)
    current: int = 0
    under: str = ""
    decided_under: dict[int, str] = field(default_factory=dict)
    minute: int = 0
    moved_at: dict[int, int] = field(default_factory=dict)

    def claim(self, name: str, body: bytes) -> bool:
        """Write once, without comparing. Returns whether the name was free."""
        self.chaos.between_effects()
        is_free = self.documents.setdefault(name, body) is body
        self.chaos.answers(self.chaos.fails)
        return is_free

    def keep(self, name: str, body: bytes) -> None:
        """Write once."""
        self.chaos.between_effects()
        if self.documents.setdefault(name, body) != body:
            raise ConflictError(f"{name} is taken by other content")
        self.chaos.answers(self.chaos.fails)

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        self.chaos.answers(self.chaos.silent)
        return self.documents.get(name)

    def names(self, prefix: str) -> Sequence[str]:
        """Every name with this prefix, sorted."""
        return sorted([name for name in self.documents if name.startswith(prefix)])

    def channel(self, name: str) -> bytes | None:
        """The channel's document, sometimes a stale one from before the last move.

        After a stale read the next ones are current. So a worker that confirms its decision sees the move, even if another
        worker reads in between.
        """
        moves = [None, *self.moves.get(name, [])]
        is_stale = not self.current and len(moves) > 1 and self.chaos.strikes(self.chaos.stale)
        self.current = _CURRENT if is_stale else max(0, self.current - 1)
        return moves[-2 if is_stale else -1]

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected`."""
        self.chaos.between_effects()
        moves = self.moves.setdefault(name, [])
        if len(moves) != expected:
            raise ConflictError(f"channel {name} is no longer at move {expected}")
        moves.append(to)
        self.decided_under[len(moves)] = self.under
        self.moved_at[len(moves)] = self.minute
        self.chaos.answers(self.chaos.fails)

    def active_policy(self) -> str:
        """The name of the active policy."""
        return self.names(names.POLICIES)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An event to deliver to a step."""

    step: StepName
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A body that a cloud will deliver to `receive`."""

    request: Request


@dataclass(slots=True, kw_only=True)
class SimulatedBus:
    """Delivers at least once, in any order. `announced` are all events that were ever on it."""

    chaos: Chaos
    waiting: list[Waiting | Knock] = field(default_factory=list)
    announced: list[Event] = field(default_factory=list)

    def announce(self, events: Sequence[Event]) -> None:
        """Deliver each event to every step that handles its type."""
        for event in events:
            self.chaos.between_effects()
            self.arrive(event)

    def arrive(self, event: Event) -> None:
        """Put an event on the bus without any misfortune, as an outside sender does who retries until it succeeds."""
        self.announced.append(event)
        self.waiting.extend(Waiting(step=step, event=event) for step in routes().get(event.type, ()))

    def knock(self, request: Request) -> None:
        """Let a cloud deliver a body to `receive`, again and again until that returns."""
        self.waiting.append(Knock(request=request))
