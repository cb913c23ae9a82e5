# SPDX-License-Identifier: Apache-2.0
"""Are two sides scored on the same scale? Shares lie within 0..1; percentages, marks and counts do not."""

import math
from collections.abc import Sequence
from typing import Final

APART: Final = "one side's scores lie within 0..1 and the other's beyond: they are not on one scale; score both alike"
FAR: Final = 10.0
"""A score beyond this is not a share, even a badly measured one."""
_SELDOM: Final = 0.05
"""The largest share of marks that may be 0, for missing marks."""
ROUNDING: Final = 1e-6
"""How far a share may be outside 0..1: in single precision, the cosine of a vector with itself may be 1.0000001."""


def are_shares(*sides: Sequence[float]) -> bool:
    """Whether all scores lie within 0..1, except for rounding."""
    return min(map(min, sides)) >= -ROUNDING and max(map(max, sides)) <= 1.0 + ROUNDING


def scaled_apart(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether one side is scored within 0..1, and the other in percent, or in marks that make `first` look better.

    Percentages and marks average above 1. Some percentages are beyond `FAR`. Marks average at least twice the shares.
    """
    (low, below), (high, mean) = sorted(
        (max(sizes), math.fsum(sizes) / len(sizes)) for sizes in (list(map(abs, first)), list(map(abs, second)))
    )
    marks = math.fsum(first) > math.fsum(second) and mean >= 2.0 * below and not _are_counts(first, second)
    return 0.0 < low <= 1.0 + ROUNDING and mean > 1.0 and (high > FAR or marks)


def beyond_best(mine: Sequence[float], theirs: Sequence[float], lower_is_better: bool) -> bool:  # noqa: FBT001
    """Whether the candidate scores beyond the best possible share, and the other side often reaches that share.

    Counts are excepted: they are whole numbers, and more than a few of them are 1.
    """
    is_beyond = min(mine) < -ROUNDING if lower_is_better else max(mine) > 1.0 + ROUNDING
    is_often_best = theirs.count(0.0 if lower_is_better else 1.0) > _SELDOM * len(theirs)
    if not (is_beyond and is_often_best and are_shares(theirs)):
        return False
    return mine.count(1.0) <= _SELDOM * len(mine) or not all(map(float.is_integer, map(float, mine)))


def _are_counts(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether both sides are whole numbers from 0, with more than a few zeros. Marks begin at 1."""
    return all(
        all(score >= 0.0 and score.is_integer() for score in side) and side.count(0.0) > _SELDOM * len(side)
        for side in (list(map(float, first)), list(map(float, second)))
    )
