# SPDX-License-Identifier: Apache-2.0
"""Which misfortune strikes when? Drawn from the history's seed; in a calm world none ever does."""

import random
from dataclasses import dataclass
from typing import Final

from federation.errors import ServiceError

SKEWS: Final = (60.0, 60.0, 150.0)
"""The most seconds that a clock is wrong, by history; two clocks differ by the policy's `settle_seconds` at most."""


class CrashError(BaseException):
    """The process died here. A BaseException, since nothing in that process may catch it; the event is delivered again."""


@dataclass(slots=True, kw_only=True)
class Chaos:
    """How likely each misfortune is, as a chance in 0..1 each time that it could happen.

    Args:
        drawn: Draws the misfortunes; None in a calm world, where none happens.
        crash: The process dies between two effects.
        fails: A service answers a write with an error, before or after it took effect.
        silent: The store answers a read with an error.
        dies: A delivery that failed becomes a dead letter.
        born: The process is a new one, whose cache is empty.
        stale: The channel is read as it was before its last move.
        twice: A delivery that succeeded is made again.
        race: Another worker runs at the same time.
        unknown: The registry publishes and then answers with an error.
        full: A spot job finds no machine. Its name decides, so that it finds none in a calm world either.
        activated: A policy that is to come becomes active now.
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
        """What may go wrong just before an effect: the process dies, or the service refuses."""
        if self.strikes(self.crash):
            raise CrashError("the process died between two effects")
        self.answers(self.fails)

    def answers(self, failing: float) -> None:
        """What may go wrong with an answer: the service fails with this likelihood."""
        if self.strikes(failing):
            raise ServiceError("503")

    def pick(self, count: int) -> int:
        """The index of the one of `count` waiting deliveries that comes next; in a calm world the oldest."""
        return self.drawn.randrange(count) if self.drawn else 0

    def skew(self) -> float:
        """Seconds by which this process's clock is ahead, negative if it is behind."""
        return self.drawn.uniform(-self.skew_seconds, self.skew_seconds) if self.drawn else 0.0
