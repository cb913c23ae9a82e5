# SPDX-License-Identifier: Apache-2.0
"""Which sums over independent units are needed to bound the mean of their items?

A unit is a cluster, or an item that stands alone. `few_units` computes them in plain Python, `many_units` by NumPy.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from hashlib import shake_256
from typing import Final, NamedTuple, Protocol

import msgspec

from federation.core.statistics.bounded import Group

REPLICATES: Final = 999
WHOLE: Final = 1e-9
"""Floor that avoids a division by zero if one unit contains every item."""
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
        """The sums if every unit has `size` items: the other three follow from e, `count` and `size`."""
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
    """The sum of squared leave-one-out residuals e / (1 - k / items), each against the mean of all other units."""
    degrees_of_freedom: float
    """Satterthwaite's degrees of freedom of the variance, if the items of a unit are fully correlated."""
    groups: Callable[[], Sequence[Group]]
    """Equal units, grouped."""
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
        span: The largest difference that one item can show; 0 if unknown.
    """
    count = len(ordered)
    median = float((ordered[(count - 1) // 2] + ordered[count // 2]) / 2.0)
    near = _CLOSE * (span + abs(median))
    return Middle(median, bisect_left(ordered, median - near), count - bisect_right(ordered, median + near))


def stream(purpose: str, seed: int, length: int) -> bytes:
    """Random bytes that are the same everywhere and for ever: SHAKE256 (FIPS 202) of purpose and seed."""
    return shake_256(f"{purpose} {seed}".encode()).digest(length)
