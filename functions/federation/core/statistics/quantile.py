# SPDX-License-Identifier: Apache-2.0
"""How much slower is a candidate at its 95th percentile?

The number of samples below the true p95 is binomial, so each sorted sample has a known chance of being next to it. The
ratio's bounds follow from the chances of both sides, without random draws. (Resampling takes the observed share of slow
requests for the true one: on 60 requests of nearly equal time, it passed a candidate that stalls on 6 % of them in 12 %
of cases.)

Both sides answer the same requests, and a long request is slow on both. So the ranks of both p95s are correlated, the
more the slow requests are the same ones, and a Gaussian copula joins them. As in the interval of Bonett & Price for
paired proportions, one more slow request a side is assumed to be unshared. At a true ratio equal to the limit,
0 to 5 % pass (log-normal, geometric and two-humped samples, shared and not, 60 to 1,000 of them; 7 % where exactly one
in twenty stalls and all others are nearly equal). An equally fast candidate on the same 500 requests passes a limit of
1.1 in 36 to 100 % of cases, more often if more is shared. Without the correlation it would pass in 1 to 37 %.
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
"""The fewest samples with a distribution-free 95 % upper bound on a p95, because 0.95**58 > 0.05."""
_QUANTILE: Final = 0.95
_DEVIATIONS: Final = 5.0
"""Ranks within this many standard deviations of the mean rank may be next to the true p95."""
_HALVINGS: Final = 24


def p95_ratio(
    candidate: Sequence[float], baseline: Sequence[float], clusters: Sequence[str | None] | None = None
) -> Interval | None:
    """The candidate's p95 over the baseline's, with bounds; None below `FEWEST` independent samples on a side.

    Args:
        candidate: Samples from `SMALLEST` to `LARGEST` (core/record_line.py), one a request.
        baseline: Samples of the same requests in the same order and unit, from one interleaved run.
        clusters: The cluster of each sample, the same on both sides; None for a sample that stands alone.
    """
    if min(len(candidate), len(baseline)) < FEWEST:
        return None
    above, below = _Plausible(candidate, len(candidate)), _Plausible(baseline, len(baseline))
    correlation = 0.0
    if clusters is None:
        correlation = _slow_correlation(_slow_samples(candidate, above.p95), _slow_samples(baseline, below.p95))
    else:
        independent = _independent_pairs(candidate, baseline, above, below, clusters)
        if independent < FEWEST:
            return None
        above, below = _Plausible(candidate, independent), _Plausible(baseline, independent)
    estimate = above.p95 / below.p95
    lower, upper = _ratio_bounds(above, below, correlation)
    return Interval(
        estimate=estimate,
        lower=min(lower, estimate),
        upper=max(upper, estimate),
        error=(upper - lower) / (2.0 * NORMAL_95),
    )


def p95_upper(samples: Sequence[float], clusters: Sequence[str | None] | None = None) -> tuple[float, float] | None:
    """The p95 and its distribution-free 95 % upper bound; None for too few independent samples."""
    count = len(samples)
    if count < FEWEST:
        return None
    ordered = sorted(samples)
    rank = _p95_rank(count)
    p95 = ordered[rank - 1]
    share = 1.0 if clusters is None else _independent_samples(samples, p95, clusters) / count
    if share * count < FEWEST:
        return None

    def assurance(rank_above: int) -> float:
        return 1.0 - incomplete_beta(_QUANTILE, share * rank_above, share * (count - rank_above) + 1.0)

    steps = bisect_left(range(rank, count), 1.0 - ALPHA, key=assurance)
    return p95, ordered[rank + steps - 1]


def _independent_pairs(
    candidate: Sequence[float],
    baseline: Sequence[float],
    above: "_Plausible",
    below: "_Plausible",
    clusters: Sequence[str | None],
) -> float:
    """The effective number of independent pairs. What slows both sides of a cluster cancels out."""
    mine, theirs = _influences(candidate, above.p95, above.spread), _influences(baseline, below.p95, below.spread)
    return independent_items(list(map(sub, mine, theirs)), clusters, above.spread**2 + below.spread**2)


def _independent_samples(samples: Sequence[float], p95: float, clusters: Sequence[str | None]) -> float:
    return independent_items(_influences(samples, p95, 1.0), clusters, 1.0)


def _influences(samples: Sequence[float], p95: float, spread: float) -> Sequence[float]:
    """Each sample's influence on the p95's logarithm, which has the standard error `spread` for independent samples.

    A quantile moves with the share of samples that exceed it (Bahadur 1966, Annals of Mathematical Statistics 37).
    """
    slow = _slow_samples(samples, p95)
    share = sum(slow) / len(samples)
    if share == 1.0:
        return [0.0] * len(samples)
    weight = spread / math.sqrt(len(samples) * share * (1.0 - share))
    return [weight * (is_slow - share) for is_slow in slow]


def _slow_samples(samples: Sequence[float], p95: float) -> Sequence[bool]:
    slow = [sample > p95 for sample in samples]
    if not any(slow):  # the slowest are all equal, such as timeouts
        slow = [sample == p95 for sample in samples]
    return slow


def _slow_correlation(mine: Sequence[bool], theirs: Sequence[bool]) -> float:
    """The correlation of slowness on both sides, at least 0, assuming one more unshared slow request a side."""
    count, first, second = len(mine), sum(mine), sum(theirs)
    spread = first * (count - first) * second * (count - second)
    if spread == 0 or count != len(theirs):
        return 0.0
    both = sum(mine_is_slow and theirs_is_slow for mine_is_slow, theirs_is_slow in zip(mine, theirs, strict=True))
    phi = (both * count - first * second) / math.sqrt(spread)
    return max(phi - 1.0 / math.sqrt(first * second), 0.0)


def _p95_rank(count: int) -> int:
    """The rank of the p95 among `count` sorted samples, from 1."""
    return (95 * count + 99) // 100


class _Plausible:
    """The sorted samples that may be next to a side's true p95, with the chance of each."""

    __slots__ = ("at_most", "chances", "p95", "values")

    def __init__(self, samples: Sequence[float], independent: float) -> None:
        ordered = sorted(samples)
        first, self.chances, self.at_most = _rank_chances(len(ordered), independent)
        self.values = ordered[first - 1 : first - 1 + len(self.chances)]
        self.p95 = ordered[_p95_rank(len(ordered)) - 1]

    @property
    def spread(self) -> float:
        """The standard deviation of the p95's logarithm."""
        logs = list(map(math.log, self.values))
        mean = math.fsum(map(mul, self.chances, logs))
        return math.sqrt(math.fsum(chance * (log - mean) ** 2 for chance, log in zip(self.chances, logs, strict=True)))


@lru_cache(maxsize=64)
def _rank_chances(count: int, independent: float) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    """The first rank that may be next to the true p95, the chances from that rank on, and their running sums.

    The true p95 lies between the j-th lowest and the next sample if j samples are below it, which has a
    Binomial(n, 95 %) chance. Half of that chance goes to each of the two samples. Fewer `independent` samples widen the
    distribution, with Gamma functions instead of factorials. Nothing is known beyond the largest sample, so that sample
    also gets the chance of being exceeded, which is below 2.5 % from 59 samples on.
    """
    share = independent / count
    half_width = math.ceil(_DEVIATIONS * math.sqrt(count * _QUANTILE * (1.0 - _QUANTILE) / share)) + 2
    middle = round(_QUANTILE * count)
    below = range(max(0, middle - half_width), min(count, middle + half_width) + 1)
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


def _ratio_bounds(above: _Plausible, below: _Plausible, correlation: float) -> tuple[float, float]:
    """The ratio's 5 % and 95 % quantile."""
    chance_up_to = (
        _correlated_chance(above, below, correlation) if correlation > 0.0 else _independent_chance(above, below)
    )
    return _ratio_at(chance_up_to, above, below, ALPHA), _ratio_at(chance_up_to, above, below, 1.0 - ALPHA)


def _ratio_at(chance_up_to: Callable[[float], float], above: _Plausible, below: _Plausible, level: float) -> float:
    """The ratio at which `chance_up_to` is `level`, by bisection on a logarithmic scale."""
    low = math.log(above.values[0] / below.values[-1])
    high = math.log(above.values[-1] / below.values[0])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if chance_up_to(math.exp(middle)) >= level else (middle, high)
    return math.exp(high)


def _independent_chance(above: _Plausible, below: _Plausible) -> Callable[[float], float]:
    """A function: the chance that the ratio is at most a value, for independent sides."""
    values, at_most = above.values, above.at_most

    def chance_up_to(ratio: float) -> float:
        return math.fsum(map(mul, below.chances, [at_most[bisect_right(values, low * ratio)] for low in below.values]))

    return chance_up_to


def _correlated_chance(above: _Plausible, below: _Plausible, correlation: float) -> Callable[[float], float]:
    """The same function, if the ranks of both sides have the correlation `correlation`."""
    values, rest = above.values, math.sqrt(2.0 * (1.0 - correlation * correlation))
    edges = [_normal_quantile(chance) / rest for chance in above.at_most]
    tied = [_normal_quantile((before + after) / 2.0) * correlation / rest for before, after in pairwise(below.at_most)]

    def chance_up_to(ratio: float) -> float:
        at = [edges[bisect_right(values, low * ratio)] for low in below.values]
        return math.fsum(map(mul, below.chances, map(math.erfc, map(sub, tied, at)))) / 2.0

    return chance_up_to


@lru_cache(maxsize=4096)
def _normal_quantile(chance: float) -> float:
    """The normal quantile, exact to 0.00045 (Abramowitz & Stegun 26.2.23); infinite for 0 and 1."""
    tail = min(chance, 1.0 - chance)
    if tail <= 0.0:
        return math.copysign(math.inf, chance - 0.5)
    t = math.sqrt(-2.0 * math.log(tail))
    above = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    return math.copysign(above, chance - 0.5)
