# SPDX-License-Identifier: Apache-2.0
"""Which messages of a subscription may be delivered now? Pure: the time is an argument, in seconds of any clock.

With ordering, a key has one message out at a time: the next is delivered only when the one before was acknowledged (or
went to the dead letters). The service may have several messages of a key out on one stream, in order, and redelivers
all of them if one is not acknowledged; to a subscriber that amounts to the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_LONGEST_BACKOFF = 600.0


@dataclass(slots=True, kw_only=True)
class Held:
    """A message that this subscription still has to deliver."""

    message: Any
    order: int
    attempts: int = 0
    not_before: float = 0.0
    deadline: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a subscription's configuration says about delivery; times in seconds."""

    wants: Callable[[Mapping[str, str]], bool]
    ack_deadline: float = 10.0
    ordered: bool = False
    most_attempts: int | None = None
    backoff: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True, kw_only=True)
class Queue:
    """The messages of one subscription."""

    rules: Rules
    waiting: list[Held] = field(default_factory=list)
    out: dict[str, Held] = field(default_factory=dict)
    _number: int = 0

    def put(self, message: Any) -> None:
        """Add a published message, unless the filter rejects it."""
        if self.rules.wants(message.attributes):
            self._number += 1
            self.waiting.append(Held(message=message, order=self._number))

    def lease(self, most: int, now: float) -> list[tuple[str, Held]]:
        """Up to `most` deliverable messages, each under a new acknowledgement id."""
        leased: list[tuple[str, Held]] = []
        busy = {held.message.ordering_key for held in self.out.values()} if self.rules.ordered else set()
        rest = []
        for held in self.waiting:
            key = held.message.ordering_key if self.rules.ordered else ""
            if len(leased) == most or held.not_before > now or (key and key in busy):
                rest.append(held)
            else:
                leased.append(self._leased(held, now))
            if key:
                busy.add(key)
        self.waiting = rest
        return leased

    def ack(self, ack_id: str) -> bool:
        """Remove a message; False if the id is no longer valid."""
        return self.out.pop(ack_id, None) is not None

    def nack(self, ack_id: str, now: float) -> Held | None:
        """Have a message delivered again, later if there is a retry policy; return it if it is a dead letter now."""
        held = self.out.pop(ack_id, None)
        if held is None:
            return None
        if self.rules.most_attempts is not None and held.attempts >= self.rules.most_attempts:
            return held
        least, most = self.rules.backoff
        held.not_before = now + min(least * 2 ** (held.attempts - 1), most, _LONGEST_BACKOFF)
        self.waiting.append(held)
        self.waiting.sort(key=lambda one: one.order)
        return None

    def extend(self, ack_id: str, seconds: float, now: float) -> None:
        """Give a subscriber more time."""
        if ack_id in self.out:
            self.out[ack_id].deadline = now + seconds

    def overdue(self, now: float) -> list[str]:
        """The ids that were not acknowledged in time."""
        return [ack_id for ack_id, held in self.out.items() if held.deadline <= now]

    def _leased(self, held: Held, now: float) -> tuple[str, Held]:
        held.attempts += 1
        held.deadline = now + self.rules.ack_deadline
        ack_id = f"{held.order}-{held.attempts}"
        self.out[ack_id] = held
        return ack_id, held
