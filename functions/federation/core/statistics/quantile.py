# SPDX-License-Identifier: Apache-2.0
"""How much slower is a candidate at its 95th percentile?

The number of samples below the true p95 is binomial, so each sorted sample has a known chance of being next to it. The
ratio's bounds follow from the chances of both sides, without a draw or a seed. (Resampling takes the observed share of
slow requests for the true one: on 60 requests that take nearly the same time, it passed a candidate that stalls on 6 %
of them in 12 % of cases.)

Both sides answer the same requests, and a long one is slow on both. Hence the ranks of both p95s are correlated, as far
as the slow requests are the same ones, and a Gaussian copula joins them. As in the interval of Bonett & Price for
paired proportions, one more slow request a side is assumed not to be shared. At a true ratio equal to the limit,
0 to 5 % pass (log-normal, geometric and two-humped samples, shared and not, 60 to 1,000 of them; 7 % where exactly one
in twenty stalls and all others are nearly equal). An equally fast candidate on the same 500 requests passes a limit of
1.1 in 36 to 100 % of cases, the more often the more it shares; were sharing ignored, it would pass in 1 to 37 %.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import add, mul, sub
from typing import Final

from federation.core.statistics import ALPHA, NORMAL_95
from federation.core.statistics.beta import incomplete_beta
from federation.core.statistics.clusters import independent_items
from federation.core.statistics.interval import Interval

FEWEST: Final = 59
"""Samples below which no distribution-free 95 % upper bound on a p95 exists, since 0.95**58 > 0.05."""
_QUANTILE: Final = 0.95
_DEVIATIONS: Final = 5.0
"""Ranks that may be next to the true p95 are within this many standard deviations of the mean rank."""
_HALVINGS: Final = 24


def p95_ratio(
    candidate: Sequence[float], baseline: Sequence[float], clusters: Sequence[str | None] | None = None
) -> Interval | None:
    """Candidate's p95 over the baseline's with its bounds, or None below `FEWEST` independent samples on a side.

    Args:
        candidate: Samples from `SMALLEST` to `LARGEST` (core/record_line.py), one a request.
        baseline: Samples of the same requests in the same order and unit, from one interleaved run.
        clusters: The cluster of each sample, the same on both sides; None for a sample that stands alone.
    """
    if min(len(candidate), len(baseline)) < FEWEST:
        return None
    above, below = _Plausible(candidate, len(candidate)), _Plausible(baseline, len(baseline))
    shared = 0.0
    if clusters is None:
        shared = _shared(_slow(candidate, above.p95), _slow(baseline, below.p95))
    else:
        independent = _independent(candidate, baseline, above, below, clusters)
        if independent < FEWEST:
            return None
        above, below = _Plausible(candidate, independent), _Plausible(baseline, independent)
    estimate = above.p95 / below.p95
    lower, upper = _bounds(above, below, shared)
    return Interval(
        estimate=estimate,
        lower=min(lower, estimate),
        upper=max(upper, estimate),
        error=(upper - lower) / (2.0 * NORMAL_95),
    )


def p95_upper(samples: Sequence[float], clusters: Sequence[str | None] | None = None) -> tuple[float, float] | None:
    """The p95 and its distribution-free 95 % upper bound, an order statistic; None for too few independent samples."""
    count = len(samples)
    if count < FEWEST:
        return None
    ordered = sorted(samples)
    rank = _rank(count)
    p95 = ordered[rank - 1]
    share = 1.0 if clusters is None else _alone(samples, p95, clusters) / count
    if share * count < FEWEST:
        return None

    def assurance(at: int) -> float:
        return 1.0 - incomplete_beta(_QUANTILE, share * at, share * (count - at) + 1.0)

    enough = bisect_left(range(rank, count), 1.0 - ALPHA, key=assurance)
    return p95, ordered[rank + enough - 1]


def _independent(
    candidate: Sequence[float],
    baseline: Sequence[float],
    above: "_Plausible",
    below: "_Plausible",
    clusters: Sequence[str | None],
) -> float:
    """The effective number of independent pairs; what slows both sides of a cluster cancels out."""
    mine, theirs = _pulls(candidate, above.p95, above.spread), _pulls(baseline, below.p95, below.spread)
    return independent_items(list(map(sub, mine, theirs)), clusters, above.spread**2 + below.spread**2)


def _alone(samples: Sequence[float], p95: float, clusters: Sequence[str | None]) -> float:
    return independent_items(_pulls(samples, p95, 1.0), clusters, 1.0)


def _pulls(samples: Sequence[float], p95: float, spread: float) -> Sequence[float]:
    """Each sample's influence on the p95's logarithm, whose standard error is `spread` if samples are independent.

    A quantile moves with the share of samples that exceed it (Bahadur 1966, Annals of Mathematical Statistics 37).
    """
    slow = _slow(samples, p95)
    share = sum(slow) / len(samples)
    if share == 1.0:
        return [0.0] * len(samples)
    unit = spread / math.sqrt(len(samples) * share * (1.0 - share))
    return [unit * (one - share) for one in slow]


def _slow(samples: Sequence[float], p95: float) -> Sequence[bool]:
    slow = [sample > p95 for sample in samples]
    if not any(slow):  # the slowest are all equal, such as requests that were cut off
        slow = [sample == p95 for sample in samples]
    return slow


def _shared(mine: Sequence[bool], theirs: Sequence[bool]) -> float:
    """The correlation of being slow on both sides, assuming one more unshared slow request a side; at least 0."""
    count, first, second = len(mine), sum(mine), sum(theirs)
    spread = first * (count - first) * second * (count - second)
    if spread == 0 or count != len(theirs):
        return 0.0
    both = sum(one and other for one, other in zip(mine, theirs, strict=True))
    phi = (both * count - first * second) / math.sqrt(spread)
    return max(phi - 1.0 / math.sqrt(first * second), 0.0)


def _rank(count: int) -> int:
    """Which of `count` sorted samples is the p95, counted from 1."""
    return (95 * count + 99) // 100


class _Plausible:
    """The sorted samples that may be next to a side's true p95, and the chance of each."""

    __slots__ = ("at_most", "chances", "p95", "values")

    def __init__(self, samples: Sequence[float], independent: float) -> None:
        ordered = sorted(samples)
        first, self.chances, self.at_most = _chances(len(ordered), independent)
        self.values = ordered[first - 1 : first - 1 + len(self.chances)]
        self.p95 = ordered[_rank(len(ordered)) - 1]

    @property
    def spread(self) -> float:
        """The standard deviation of the p95's logarithm."""
        logs = list(map(math.log, self.values))
        mean = math.fsum(map(mul, self.chances, logs))
        return math.sqrt(math.fsum(chance * (log - mean) ** 2 for chance, log in zip(self.chances, logs, strict=True)))


@lru_cache(maxsize=64)
def _chances(count: int, independent: float) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    """The first rank that may be next to the true p95, the chance of each rank from there on, and their running sums.

    The true p95 lies between the j-th lowest and the next sample if j samples are below it, which has a
    Binomial(n, 95 %) chance. Half of that chance goes to each of the two samples. Fewer `independent` samples widen the
    distribution, with Gamma functions in place of factorials. Nothing is known beyond the largest sample, so it also
    takes the chance of lying there, which is below 2.5 % from 59 samples on.
    """
    share = independent / count
    reach = math.ceil(_DEVIATIONS * math.sqrt(count * _QUANTILE * (1.0 - _QUANTILE) / share)) + 2
    middle = round(_QUANTILE * count)
    below = range(max(0, middle - reach), min(count, middle + reach) + 1)
    odds = math.log(_QUANTILE / (1.0 - _QUANTILE))
    logs = [share * j * odds - math.lgamma(share * j + 1.0) - math.lgamma(share * (count - j) + 1.0) for j in below]
    largest = max(logs)
    halves = [math.exp(log - largest) / 2.0 for log in logs]
    weights = list(map(add, [*halves, 0.0], [0.0, *halves]))
    if below[-1] == count:
        beyond = weights.pop()
        weights[-1] += beyond
    total = math.fsum(weights)
    chances = tuple(weight / total for weight in weights)
    return below[0], chances, tuple(accumulate(chances, initial=0.0))


def _bounds(above: _Plausible, below: _Plausible, shared: float) -> tuple[float, float]:
    """The ratio's 5 % and 95 % quantile."""
    reached = _together(above, below, shared) if shared > 0.0 else _apart(above, below)
    return _where(reached, above, below, ALPHA), _where(reached, above, below, 1.0 - ALPHA)


def _where(reached: Callable[[float], float], above: _Plausible, below: _Plausible, level: float) -> float:
    """The ratio whose chance by `reached` is `level`, found by bisection on a logarithmic scale."""
    low = math.log(above.values[0] / below.values[-1])
    high = math.log(above.values[-1] / below.values[0])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if reached(math.exp(middle)) >= level else (middle, high)
    return math.exp(high)


def _apart(above: _Plausible, below: _Plausible) -> Callable[[float], float]:
    """A function that gives the chance that the ratio is at most a value, if both sides are independent."""
    values, at_most = above.values, above.at_most

    def reached(ratio: float) -> float:
        return math.fsum(map(mul, below.chances, [at_most[bisect_right(values, low * ratio)] for low in below.values]))

    return reached


def _together(above: _Plausible, below: _Plausible, shared: float) -> Callable[[float], float]:
    """The same function, if the ranks of both sides have the correlation `shared`."""
    values, rest = above.values, math.sqrt(2.0 * (1.0 - shared * shared))
    edges = [_deviate(chance) / rest for chance in above.at_most]
    tied = [_deviate((before + after) / 2.0) * shared / rest for before, after in pairwise(below.at_most)]

    def reached(ratio: float) -> float:
        at = [edges[bisect_right(values, low * ratio)] for low in below.values]
        return math.fsum(map(mul, below.chances, map(math.erfc, map(sub, tied, at)))) / 2.0

    return reached


@lru_cache(maxsize=4096)
def _deviate(chance: float) -> float:
    """The normal quantile, within 0.00045 (Abramowitz & Stegun 26.2.23); infinite for 0 and 1."""
    tail = min(chance, 1.0 - chance)
    if tail <= 0.0:
        return math.copysign(math.inf, chance - 0.5)
    t = math.sqrt(-2.0 * math.log(tail))
    above = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    return math.copysign(above, chance - 0.5)
