# SPDX-License-Identifier: Apache-2.0
"""Which misfortune strikes when? Drawn from the history's seed; in a calm world none ever does."""

import random
from dataclasses import dataclass

from federation.errors import ServiceError


class CrashError(BaseException):
    """The process died here, and nothing in it can catch that; its event will be delivered again."""


@dataclass(slots=True, kw_only=True)
class Chaos:
    """How likely each misfortune is. `drawn` is None in a calm world.

    `dies` is the share of failed deliveries that are given up until somebody has the dead letters delivered again.
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
    activated: float = 0.2
    skew_seconds: float = 60.0

    def strikes(self, chance: float) -> bool:
        """Whether a misfortune of this likelihood happens now."""
        return self.drawn is not None and self.drawn.random() < chance

    def between_effects(self) -> None:
        """The moment between any two effects."""
        if self.strikes(self.crash):
            raise CrashError("the process died between two effects")
        self.answers(self.fails)

    def answers(self, failing: float) -> None:
        """The moment in which a service answers, or fails with this likelihood."""
        if self.strikes(failing):
            raise ServiceError("503")

    def pick(self, count: int) -> int:
        """Which of so many waiting deliveries comes next: the oldest, when nothing is in disorder."""
        return self.drawn.randrange(count) if self.drawn else 0

    def skew(self) -> float:
        """Seconds by which this process's clock is wrong."""
        return self.drawn.uniform(-self.skew_seconds, self.skew_seconds) if self.drawn else 0.0
