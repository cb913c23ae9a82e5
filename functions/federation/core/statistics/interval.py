# SPDX-License-Identifier: Apache-2.0
"""An estimate with its bounds."""

import msgspec


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate, its two one-sided 95 % bounds and its standard error, all in the metric's unit."""

    estimate: float
    lower: float
    upper: float
    error: float

    def negated(self) -> "Interval":
        """The interval of the negated value."""
        return Interval(estimate=-self.estimate, lower=-self.upper, upper=-self.lower, error=self.error)

    def widened(self, other: "Interval") -> "Interval":
        """This estimate, with the wider of both bounds on each side."""
        return Interval(
            estimate=self.estimate,
            lower=min(self.lower, other.lower),
            upper=max(self.upper, other.upper),
            error=max(self.error, other.error),
        )
