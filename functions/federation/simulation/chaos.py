# SPDX-License-Identifier: Apache-2.0
"""Draws misfortunes from the history's seed. In a calm world none happens."""

import random
from dataclasses import dataclass
from typing import Final

from federation.errors import ServiceError

SKEWS: Final = (60.0, 60.0, 150.0)
"""The most seconds by which a clock is wrong, by history. Two clocks differ by at most `settle_seconds`."""


class CrashError(BaseException):
    """The process died here. A BaseException, because nothing in that process may catch it."""


@dataclass(slots=True, kw_only=True)
class Chaos:
    """The chance of each misfortune, in 0..1, each time it could happen.

    Args:
        drawn: Draws the misfortunes; None in a calm world, where none happens.
        crash: The process dies between two effects.
        fails: A service answers a write with an error, before or after the write took effect.
        silent: The store answers a read with an error.
        dies: A delivery that failed becomes a dead letter.
        born: The process is a new one, whose cache is empty.
        stale: A read of the channel returns its state before the last move.
        twice: A delivery that succeeded is made again.
        race: Another worker runs at the same time.
        unknown: The registry publishes and then answers with an error.
        full: A spot job finds no machine. Its name decides, in a calm world too.
        activated: A coming policy becomes active now.
        skew_seconds: The most by which a clock is wrong, in either direction.
    """

    drawn: random.Random | None
    crash: float = 0.03
    fails: float = 0.01
    silent: float = 0.002
    dies: float = 0.0
    born: float = 0.1
    stale: float = 0.05
    twice: float = 0.15
    race: float = 0.15
    unknown: float = 0.2
    full: float = 0.0
    activated: float = 0.2
    skew_seconds: float = 60.0

    @property
    def is_calm(self) -> bool:
        """Whether no misfortune ever happens."""
        return self.drawn is None

    def strikes(self, chance: float) -> bool:
        """Whether a misfortune of this likelihood happens now."""
        return self.drawn is not None and self.drawn.random() < chance

    def between_effects(self) -> None:
        """Maybe let the process die, or the service fail, just before an effect."""
        if self.strikes(self.crash):
            raise CrashError("the process died between two effects")
        self.answers(self.fails)

    def answers(self, failing: float) -> None:
        """Maybe let the service fail, with this likelihood."""
        if self.strikes(failing):
            raise ServiceError("503")

    def pick(self, count: int) -> int:
        """The index of the next one of `count` waiting deliveries; in a calm world the oldest."""
        return self.drawn.randrange(count) if self.drawn else 0

    def skew(self) -> float:
        """Seconds by which this process's clock is ahead, negative if it is behind."""
        return self.drawn.uniform(-self.skew_seconds, self.skew_seconds) if self.drawn else 0.0
