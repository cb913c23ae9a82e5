# SPDX-License-Identifier: Apache-2.0
"""How much slower is a candidate at its 95th percentile?

The ratio of both p95s with the percentile bounds of the bootstrap. A resampled p95 is one of the sorted samples, and
the chance of each follows from a Beta distribution (Efron 1979 has the median), so nothing is drawn: the bounds are
those of infinitely many replicates, without a seed. At a true ratio equal to the limit they pass 3 to 5 % of the time
(log-normal, exponential, Pareto and two-humped samples, 59 to 1,000 of them, independent; in clusters at most 5 %).
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from operator import mul, sub
from typing import Final

from federation.core.statistics import ALPHA, NORMAL_95
from federation.core.statistics.beta import beta_density, incomplete_beta
from federation.core.statistics.clusters import independent_items
from federation.core.statistics.interval import Interval

FEWEST: Final = 59
"""Samples below which no distribution-free 95 % upper bound on a p95 exists, since 0.95**58 > 0.05."""
_QUANTILE: Final = 0.95
_DEVIATIONS: Final = 5.0
"""Ranks of a resampled p95 that are considered: within so many standard deviations of the mean rank."""
_GAUSS: Final = ((-math.sqrt(0.15), 5.0), (0.0, 8.0), (math.sqrt(0.15), 5.0))
"""Points within a step of length 1 and their weights (Abramowitz & Stegun 25.4.30), which are normalised later."""
_HALVINGS: Final = 32


def p95_ratio(
    candidate: Sequence[float], baseline: Sequence[float], clusters: Sequence[str | None] | None = None
) -> Interval | None:
    """Candidate's p95 over the baseline's with its bounds, or None below `FEWEST` independent samples on a side.

    Args:
        candidate: Samples from `SMALLEST` to `LARGEST` (core/record_line.py); in any order unless there are clusters.
        baseline: Samples of the same interleaved run, in the same unit.
        clusters: Which samples depend on each other, of both sides alike; None stands alone.
    """
    if min(len(candidate), len(baseline)) < FEWEST:
        return None
    above, below = _Resampled(candidate, len(candidate)), _Resampled(baseline, len(baseline))
    if clusters is not None:
        independent = _independent(candidate, baseline, above, below, clusters)
        if independent < FEWEST:
            return None
        above, below = _Resampled(candidate, independent), _Resampled(baseline, independent)
    estimate = above.p95 / below.p95
    lower, upper = _where(above, below, ALPHA), _where(above, below, 1.0 - ALPHA)
    return Interval(
        estimate=estimate,
        lower=min(lower, estimate),
        upper=max(upper, estimate),
        error=(upper - lower) / (2.0 * NORMAL_95),
    )


def p95_upper(samples: Sequence[float], clusters: Sequence[str | None] | None = None) -> tuple[float, float] | None:
    """The p95 and its distribution-free 95 % upper bound, the first order statistic high enough; None if none is."""
    count = len(samples)
    if count < FEWEST:
        return None
    ordered = sorted(samples)
    rank = _rank(count)
    p95 = ordered[rank - 1]
    share = 1.0 if clusters is None else _alone(samples, p95, clusters) / count
    if share * count < FEWEST:
        return None
    while incomplete_beta(_QUANTILE, share * rank, share * (count - rank) + 1.0) > ALPHA:
        rank += 1
    return p95, ordered[rank - 1]


def _independent(
    candidate: Sequence[float],
    baseline: Sequence[float],
    above: "_Resampled",
    below: "_Resampled",
    clusters: Sequence[str | None],
) -> float:
    """The effective number of independent pairs; what slows both sides of a cluster cancels."""
    mine, theirs = _pulls(candidate, above.p95, above.spread), _pulls(baseline, below.p95, below.spread)
    return independent_items(list(map(sub, mine, theirs)), clusters, above.spread**2 + below.spread**2)


def _alone(samples: Sequence[float], p95: float, clusters: Sequence[str | None]) -> float:
    return independent_items(_pulls(samples, p95, 1.0), clusters, 1.0)


def _pulls(samples: Sequence[float], p95: float, spread: float) -> Sequence[float]:
    """Each sample's influence on the p95's logarithm, whose standard error is `spread` if samples are independent.

    A quantile moves with the share of samples that exceed it (Bahadur 1966, Annals of Mathematical Statistics 37).
    """
    slow = [sample > p95 for sample in samples]
    if not any(slow):  # the slowest are all equal, as requests that are cut off are
        slow = [sample == p95 for sample in samples]
    share = sum(slow) / len(samples)
    if share == 1.0:
        return [0.0] * len(samples)
    unit = spread / math.sqrt(len(samples) * share * (1.0 - share))
    return [unit * (one - share) for one in slow]


def _rank(count: int) -> int:
    """Which of `count` sorted samples is the p95, counted from 1."""
    return (95 * count + 99) // 100


class _Resampled:
    """The bootstrap distribution of a side's p95, where a replicate has as many samples as `independent` says."""

    __slots__ = ("at_most", "chances", "p95", "values")

    def __init__(self, samples: Sequence[float], independent: float) -> None:
        ordered = sorted(samples)
        first, self.chances = _chances(len(ordered), independent)
        self.values = ordered[first - 1 : first - 1 + len(self.chances)]
        self.at_most = [0.0, *accumulate(self.chances)]
        self.p95 = ordered[_rank(len(ordered)) - 1]

    @property
    def spread(self) -> float:
        """The standard deviation of the p95's logarithm."""
        logs = list(map(math.log, self.values))
        mean = math.fsum(map(mul, self.chances, logs))
        return math.sqrt(math.fsum(chance * (log - mean) ** 2 for chance, log in zip(self.chances, logs, strict=True)))


@lru_cache(maxsize=64)
def _chances(count: int, independent: float) -> tuple[int, tuple[float, ...]]:
    """The first rank that a resampled p95 plausibly takes, and the chance of each rank from there on.

    The k-th lowest of n draws is the j-th sample when a Beta(k, n - k + 1) variable falls within (j - 1)/n..j/n; the
    density is smooth at that scale, so three Gauss-Legendre points a step leave an error below 1e-5. The spread of that
    variable is the one for `independent` draws.
    """
    k = _rank(count)
    share = independent / count
    reach = math.ceil(_DEVIATIONS * math.sqrt(count * _QUANTILE * (1.0 - _QUANTILE) / share)) + 2
    ranks = range(max(1, k - reach), min(count, k + reach) + 1)
    a, b = share * k, share * (count - k + 1)
    weights = [
        sum(weight * beta_density((rank - 0.5 + shift) / count, a, b) for shift, weight in _GAUSS) for rank in ranks
    ]
    total = math.fsum(weights)
    return ranks[0], tuple(weight / total for weight in weights)


def _where(above: _Resampled, below: _Resampled, level: float) -> float:
    """The `level` quantile of the replicates' ratio, by bisection on a logarithmic scale."""
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
