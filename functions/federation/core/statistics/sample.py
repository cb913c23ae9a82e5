# SPDX-License-Identifier: Apache-2.0
"""What has to be known of independent units before the mean of their items can be bounded?

A unit is a cluster, or an item that stands alone. `few_units` finds it out in plain Python, `many_units` by NumPy.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from hashlib import shake_256
from typing import Final, NamedTuple, Protocol

import msgspec

from federation.core.statistics.bounded import Group

REPLICATES: Final = 999
WHOLE: Final = 1e-9
"""The least share of the items that is left when one unit is taken away: one that holds all leaves nothing to divide by."""
_CLOSE: Final = 1e-12


class Replicates(NamedTuple):
    """Sums over the units of each replicate: of residuals e, of e e, of sizes k, of e k and of k k."""

    e: Sequence[float]
    ee: Sequence[float]
    k: Sequence[float]
    ek: Sequence[float]
    kk: Sequence[float]

    @classmethod
    def of_one_size(cls, e: Sequence[float], ee: Sequence[float], *, count: int, size: float) -> "Replicates":
        """Units that hold `size` items each need only two sums added up."""
        k, kk = [count * size] * len(e), [count * size * size] * len(e)
        return cls(e, ee, k, [size * total for total in e], kk)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What units of sums s and sizes k show, where an item's mean is m and a unit's residual e = s - m k."""

    count: int
    items: int
    heaviest: int
    """Items of the largest unit."""
    mean: float
    middle: "Middle"
    squares: float
    """The sum of e squared."""
    cubes: float
    """The sum of e cubed."""
    jackknifed: float
    """The sum of e squared where each e is told from a mean that its own unit has no part in: e / (1 - k / items)."""
    freedom: float
    """Units that the variance rests on, less one: Satterthwaite's degrees of freedom if units are wholly of a piece."""
    groups: Callable[[], Sequence[Group]]
    """Units that hold the same, together."""
    replicates: Callable[[int], Replicates]
    """By seed: `REPLICATES` samples of as many units, drawn with replacement."""


class Middle(NamedTuple):
    """The median of the units' own means, and how many units lie below and above it."""

    median: float
    below: int
    above: int


class Ordered(Protocol):
    """Numbers from the lowest to the highest: a list or an array."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int, /) -> float:
        """One of them."""


def middle(ordered: Ordered, span: float) -> Middle:
    """The median, and what differs from it by more than rounding.

    Args:
        ordered: At least one number.
        span: The largest difference that one item can show; 0 if nobody knows.
    """
    count = len(ordered)
    median = float((ordered[(count - 1) // 2] + ordered[count // 2]) / 2.0)
    near = _CLOSE * (span + abs(median))
    return Middle(median, bisect_left(ordered, median - near), count - bisect_right(ordered, median + near))


def stream(purpose: str, seed: int, length: int) -> bytes:
    """Random bytes that are the same everywhere and for ever: SHAKE256 (FIPS 202) of purpose and seed."""
    return shake_256(f"{purpose} {seed}".encode()).digest(length)
