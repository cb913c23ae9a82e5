# SPDX-License-Identifier: Apache-2.0
"""How much slower is a candidate at its 95th percentile?

The ratio of both p95s with the percentile bounds of the bootstrap. A resampled p95 is one of the sorted samples, and
the chance of each follows from a Beta distribution (Efron 1979 has the median), so nothing is drawn: the bounds are
those of infinitely many replicates, without a seed. At a true ratio equal to the limit they pass 3 to 5 % of the time
(log-normal, exponential, Pareto and two-humped samples, 59 to 1,000 of them).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from operator import mul
from typing import Final

from federation.core.statistics import ALPHA, NORMAL_95
from federation.core.statistics.beta import beta_density, incomplete_beta
from federation.core.statistics.interval import Interval

FEWEST: Final = 59
"""Samples below which no distribution-free 95 % upper bound on a p95 exists, since 0.95**58 > 0.05."""
_QUANTILE: Final = 0.95
_DEVIATIONS: Final = 5.0
"""How far from its mean, in standard deviations, the rank of a resampled p95 is followed."""
_GAUSS: Final = ((-math.sqrt(0.15), 5.0), (0.0, 8.0), (math.sqrt(0.15), 5.0))
"""Points within a step of length 1 and their weights (Abramowitz & Stegun 25.4.30), which are normalised later."""
_HALVINGS: Final = 32


def p95_ratio(candidate: Sequence[float], baseline: Sequence[float]) -> Interval | None:
    """Candidate's p95 over the baseline's with its bounds, or None below `FEWEST` samples on a side.

    Args:
        candidate: Positive samples in any order.
        baseline: Positive samples of the same interleaved run, in the same unit.
    """
    if min(len(candidate), len(baseline)) < FEWEST:
        return None
    above, below = _Resampled(candidate), _Resampled(baseline)
    estimate = above.p95 / below.p95
    lower, upper = _where(above, below, ALPHA), _where(above, below, 1.0 - ALPHA)
    return Interval(
        estimate=estimate,
        lower=min(lower, estimate),
        upper=max(upper, estimate),
        error=(upper - lower) / (2.0 * NORMAL_95),
    )


def p95_upper(samples: Sequence[float]) -> tuple[float, float] | None:
    """The p95 and its distribution-free 95 % upper bound, the first order statistic high enough; None if none is."""
    count = len(samples)
    if count < FEWEST:
        return None
    ordered = sorted(samples)
    rank = _rank(count)
    while incomplete_beta(_QUANTILE, rank, count - rank + 1) > ALPHA:
        rank += 1
    return ordered[_rank(count) - 1], ordered[rank - 1]


def _rank(count: int) -> int:
    """Which of `count` sorted samples is the p95, counted from 1."""
    return (95 * count + 99) // 100


class _Resampled:
    """The distribution of a side's p95 over all replicates."""

    __slots__ = ("at_most", "chances", "p95", "values")

    def __init__(self, samples: Sequence[float]) -> None:
        ordered = sorted(samples)
        first, self.chances = _chances(len(ordered))
        self.values = ordered[first - 1 : first - 1 + len(self.chances)]
        self.at_most = [0.0, *accumulate(self.chances)]
        self.p95 = ordered[_rank(len(ordered)) - 1]


@lru_cache(maxsize=64)
def _chances(count: int) -> tuple[int, tuple[float, ...]]:
    """The first rank that a resampled p95 plausibly takes, and the chance of each rank from there on.

    The k-th lowest of n draws is the j-th sample when a Beta(k, n - k + 1) variable falls within (j - 1)/n..j/n; the
    density is smooth at that scale, so three Gauss-Legendre points a step leave an error below 1e-5.
    """
    k = _rank(count)
    reach = math.ceil(_DEVIATIONS * math.sqrt(count * _QUANTILE * (1.0 - _QUANTILE))) + 2
    ranks = range(max(1, k - reach), min(count, k + reach) + 1)
    weights = [
        sum(weight * beta_density((rank - 0.5 + shift) / count, k, count - k + 1) for shift, weight in _GAUSS)
        for rank in ranks
    ]
    total = math.fsum(weights)
    return ranks[0], tuple(weight / total for weight in weights)


def _where(above: _Resampled, below: _Resampled, level: float) -> float:
    """The ratio that a replicate stays within with chance `level`, found by halving on a logarithmic scale."""
    low = math.log(above.values[0] / below.values[-1])
    high = math.log(above.values[-1] / below.values[0])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if _within(above, below, math.exp(middle)) >= level else (middle, high)
    return math.exp(high)


def _within(above: _Resampled, below: _Resampled, ratio: float) -> float:
    """The chance that a replicate's ratio is at most `ratio`."""
    values, at_most = above.values, above.at_most
    reached = [at_most[bisect_right(values, value * ratio)] for value in below.values]
    return math.fsum(map(mul, below.chances, reached))
