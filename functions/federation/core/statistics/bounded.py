# SPDX-License-Identifier: Apache-2.0
"""How low may a mean be, if unseen scores may be as bad as a known worst value?

Learned-Miller & Thomas 2019, "A new confidence interval for the mean of a bounded random variable" (arXiv:1905.06208):
one block (a cluster or a single item) at the worst value is added, each block gets an independent exponential weight,
and the bound is the 5 % quantile of the weighted mean. On 0/1 blocks this is Clopper & Pearson's exact bound. On blocks
that lose a little it is tighter, because each counts by its loss. Nothing is simulated: a saddlepoint (Lugannani & Rice
1980, Advances in Applied Probability 12:475-490) gives the chance that a sum of weighted exponentials is below 0, which
makes the bound at most 0.5 % too wide.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from federation.core.statistics import ALPHA
from federation.core.statistics.exact import rate_upper
from federation.core.statistics.interval import Interval

_ROUNDS: Final = 60
_CLOSE: Final = 1e-9
_NEAR: Final = 1e-7
_NEVER: Final = 1e-300
"""The smallest chance used. Its logarithm is finite."""
_FLAT: Final = 1e-3
"""Closer to 0 than this, the saddlepoint formula loses precision, and its limit at 0 is used."""


class Group(NamedTuple):
    """Identical blocks: the items in one, the sum of their values, and the effective number of these blocks."""

    size: float
    total: float
    units: float


def bounded_lower(groups: Sequence[Group], *, worst: float, unseen: float) -> float:
    """The one-sided 95 % lower bound of the mean per item.

    Args:
        groups: All blocks, of at least one item.
        worst: The lowest value that an item can have.
        unseen: Items in the unseen block that is added.
    """
    if len(groups) == 1:
        return _lower_of_one_group(groups[0], worst, unseen)
    return _lower_of_groups(groups, worst, unseen)


def negated(groups: Sequence[Group]) -> Sequence[Group]:
    """The blocks with negated values. Their lower bound is minus the upper bound of `groups`."""
    return [Group(group.size, -group.total, group.units) for group in groups]


def _lower_of_one_group(group: Group, worst: float, unseen: float) -> float:
    """The bound for identical blocks, in closed form."""
    mean, unseen_share = group.total / group.size, rate_upper(0, group.units)
    weight = unseen_share * unseen / (unseen_share * unseen + (1.0 - unseen_share) * group.size)
    return mean - weight * (mean - worst)


def widened_for_unseen(seen: Interval, items: int, low: float, high: float) -> Interval:
    """`seen`, widened for unseen items: the largest share of them (at 95 %) may all be at `low`, or at `high`.

    A candidate may answer nearly all items a little differently and a few not at all. It looks sound if none of those few
    is in the sample. The small differences of the others prove nothing about them.
    """
    unseen_share = rate_upper(0, items)
    lower, upper = (seen.estimate - unseen_share * (seen.estimate - end) for end in (low, high))
    return Interval(
        estimate=seen.estimate, lower=min(seen.lower, lower), upper=max(seen.upper, upper), error=seen.error
    )


def _lower_of_groups(groups: Sequence[Group], worst: float, unseen: float) -> float:
    """The mean at which `_chance_below` is 5 %, by false position on the logarithm."""
    high = math.fsum(group.total * group.units for group in groups) / sum(group.size * group.units for group in groups)
    low = last = worst
    under, over = math.log(_NEVER / ALPHA), math.log(1.0 / ALPHA)
    was_above = None
    for _ in range(_ROUNDS):
        middle = (low * over - high * under) / (over - under)
        if abs(middle - last) <= _NEAR * (high - worst):
            return middle
        last, log_ratio = middle, math.log(max(_chance_below(groups, worst, unseen, middle), _NEVER) / ALPHA)
        if log_ratio > 0.0:
            under = _scaled_down(under, log_ratio, over) if was_above is True else under
            high, over, was_above = middle, log_ratio, True
        else:
            over = _scaled_down(over, log_ratio, under) if was_above is False else over
            low, under, was_above = middle, log_ratio, False
    return low


def _scaled_down(end: float, value: float, previous: float) -> float:
    """The value at a bracket end that stayed twice in a row, scaled down (Anderson & Björck 1973, BIT 13:253-264)."""
    share = 1.0 - value / previous
    return end * (share if share > 0.0 else 0.5)


def _chance_below(groups: Sequence[Group], worst: float, unseen: float, mean: float) -> float:
    """The chance that the weighted mean is below `mean`."""
    terms = [((group.total - mean * group.size) / unseen, group.units) for group in groups]
    terms.append((worst - mean, 1))
    if max(term for term, _ in terms) <= 0.0:
        return 1.0
    if min(term for term, _ in terms) >= 0.0:
        return 0.0
    return _chance_negative(terms)


def _chance_negative(terms: Sequence[tuple[float, float]]) -> float:
    """The chance that a sum of independent exponentials times `terms`, some of them negative, is below 0."""
    at = _saddlepoint(terms)
    parts = [(term / (1.0 - at * term), count) for term, count in terms]
    curvature = math.fsum(count * part * part for part, count in parts)
    if abs(at) * math.sqrt(curvature) < _FLAT:
        third = 2.0 * math.fsum(count * part * part * part for part, count in parts)
        return 0.5 + third / (6.0 * math.sqrt(2.0 * math.pi) * curvature * math.sqrt(curvature))
    generating = -math.fsum(count * math.log1p(-at * term) for term, count in terms)
    root = math.copysign(math.sqrt(max(-2.0 * generating, 0.0)), at)
    density = math.exp(-root * root / 2.0) / math.sqrt(2.0 * math.pi)
    return 0.5 * math.erfc(-root / math.sqrt(2.0)) - density * (1.0 / (at * math.sqrt(curvature)) - 1.0 / root)


def _saddlepoint(terms: Sequence[tuple[float, float]]) -> float:
    """The minimum of the cumulant generating function, by Newton's steps inside a shrinking bracket."""
    low, high = 1.0 / min(term for term, _ in terms), 1.0 / max(term for term, _ in terms)
    at = 0.0
    for _ in range(_ROUNDS):
        parts = [(term / (1.0 - at * term), count) for term, count in terms]
        slope = math.fsum(count * part for part, count in parts)
        low, high = (low, at) if slope > 0.0 else (at, high)
        step = at - slope / math.fsum(count * part * part for part, count in parts)
        following = step if low < step < high else (low + high) / 2.0
        if abs(following - at) <= _CLOSE * abs(at):
            return following
        at = following
    return at
