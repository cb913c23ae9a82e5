# SPDX-License-Identifier: Apache-2.0
"""The sums over independent blocks that bound the mean of their items.

A block is a cluster, or an item that stands alone. `few_units` computes the sums in plain Python, `many_units` by NumPy.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from hashlib import shake_256
from typing import Final, NamedTuple, Protocol

import msgspec

from federation.core.statistics.bounded import Group

REPLICATES: Final = 999
WHOLE: Final = 1e-9
"""A floor that avoids a division by zero if one block contains every item."""
_CLOSE: Final = 1e-12


class Replicates(NamedTuple):
    """Sums over the blocks of each replicate: of residuals e, of e e, of sizes k, of e k and of k k."""

    e: Sequence[float]
    ee: Sequence[float]
    k: Sequence[float]
    ek: Sequence[float]
    kk: Sequence[float]

    @classmethod
    def of_one_size(cls, e: Sequence[float], ee: Sequence[float], *, count: int, size: float) -> "Replicates":
        """The sums if every block has `size` items. The other three follow from e, `count` and `size`."""
        k, kk = [count * size] * len(e), [count * size * size] * len(e)
        return cls(e, ee, k, [size * total for total in e], kk)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over blocks with sums s and sizes k. The mean of the items is m, and a block's residual is e = s - m k."""

    count: int
    items: int
    heaviest: int
    """The items of the largest block."""
    mean: float
    middle: "Middle"
    squares: float
    """The sum of e squared."""
    cubes: float
    """The sum of e cubed."""
    jackknifed: float
    """The sum of squared leave-one-out residuals e / (1 - k / items), each against the mean of all other blocks."""
    degrees_of_freedom: float
    """Satterthwaite's degrees of freedom of the variance, if the items of a block are fully correlated."""
    groups: Callable[[], Sequence[Group]]
    """Returns groups of equal blocks."""
    replicates: Callable[[int], Replicates]
    """Returns, for a seed, `REPLICATES` samples of as many blocks, drawn with replacement."""


class Middle(NamedTuple):
    """The median of the blocks' means, and how many blocks lie below and above it."""

    median: float
    below: int
    above: int


class Ordered(Protocol):
    """Numbers from the lowest to the highest: a list or an array."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int, /) -> float:
        """One of them."""


def middle(ordered: Ordered, score_range: float) -> Middle:
    """The median, and how many numbers differ from it by more than rounding.

    Args:
        ordered: At least one number.
        score_range: The largest difference that one item can show; 0 if unknown.
    """
    count = len(ordered)
    median = float((ordered[(count - 1) // 2] + ordered[count // 2]) / 2.0)
    near = _CLOSE * (score_range + abs(median))
    return Middle(median, bisect_left(ordered, median - near), count - bisect_right(ordered, median + near))


def stream(purpose: str, seed: int, length: int) -> bytes:
    """Reproducible random bytes: SHAKE256 (FIPS 202) of purpose and seed."""
    return shake_256(f"{purpose} {seed}".encode()).digest(length)
