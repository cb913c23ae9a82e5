# SPDX-License-Identifier: Apache-2.0
"""What was required, what was measured, and was the goal met?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Literal

Verdict = Literal["ok", "within noise", "missed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of the measurements and their tenth and ninetieth percentiles; for a count all three are equal."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """The spread of repeated measurements; needs at least one."""
        if len(values) == 1:
            return cls.exactly(values[0])
        deciles = quantiles(values, n=10, method="inclusive")
        return cls(middle=median(values), low=deciles[0], high=deciles[-1])

    @classmethod
    def exactly(cls, value: float) -> "Spread":
        """A number without noise."""
        return cls(middle=value, low=value, high=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One promise of docs/performance.md with its measurement; `numbers` are absolute and only for context."""

    name: str
    what: str
    sense: Literal["at most", "at least"]
    asked: float
    measured: Spread
    unit: str = "x"
    numbers: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The verdict; `missed` only if even the better tenth of the repetitions misses."""
        best = self.measured.low if self.sense == "at most" else self.measured.high
        if self._keeps(self.measured.middle):
            return "ok"
        return "within noise" if self._keeps(best) else "missed"

    def _keeps(self, value: float) -> bool:
        return value <= self.asked if self.sense == "at most" else value >= self.asked
