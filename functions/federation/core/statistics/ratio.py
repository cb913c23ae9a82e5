# SPDX-License-Identifier: Apache-2.0
"""How much more does a candidate cost per token?

The ratio of two ratio estimators, sum(cost) / sum(tokens) a side, with the delta method on its logarithm (Cochran 1977,
Sampling Techniques, 3rd edition, sections 2.11 and 6.4). Both sides answered the same prompts, so each prompt's two
residuals are subtracted and what they share cancels out. A few long answers can carry most of the cost, and then only
those few show the error: hence Student's t with Satterthwaite's degrees of freedom (1946). If the added cost falls on a
few requests, a sample with too few of them also shows too little spread: hence Hall's correction for skewness (1983,
"Inverting an Edgeworth expansion", Annals of Statistics 11:569-576), which only widens here. At the limit 3 to
6.4 % pass (log-normal answers, sigma 0.5 and 1.5, 2 % of answers sixty times as long, a surcharge on 5 or 20 % of
requests; 59 to 1,000 items). The normal bound let up to 11 % pass, and t alone as many of those with a surcharge.
"""

import math
from collections.abc import Sequence
from operator import sub
from typing import Final, NamedTuple

from federation.core.statistics.beta import student_95
from federation.core.statistics.clusters import by_cluster, degrees_of_freedom
from federation.core.statistics.interval import Interval

_FEWEST: Final = 59
"""The fewest items for the normal approximation; a p95 needs as many."""


class _HalfWidths(NamedTuple):
    """The half-widths below and above the estimate, at 95 %, and the standard error, on the logarithmic scale."""

    below: float
    above: float
    error: float


def cost_ratio(
    candidate: tuple[Sequence[float], Sequence[float]],
    baseline: tuple[Sequence[float], Sequence[float]],
    clusters: Sequence[str | None] | None = None,
) -> Interval | None:
    """The candidate's cost per token over the baseline's, with bounds; None for no cost, no token or too few items.

    Args:
        candidate: Costs and tokens of each item, 0 or from `SMALLEST` to `LARGEST` (core/record_line.py).
        baseline: Costs and tokens of the same items in the same order, in the same currency.
        clusters: The cluster of each item; None for an item that stands alone.
    """
    above, below = _per_token(*candidate), _per_token(*baseline)
    if above is None or below is None:
        return None
    (mine, first), (theirs, second) = above, below
    half_widths = _half_widths(list(map(sub, first, second)), clusters)
    if half_widths is None:
        return None
    ratio = mine / theirs
    return Interval(
        estimate=ratio,
        lower=ratio * math.exp(-half_widths.below),
        upper=ratio * math.exp(half_widths.above),
        error=ratio * half_widths.error,
    )


def cost_upper(
    costs: Sequence[float], tokens: Sequence[float], clusters: Sequence[str | None] | None = None
) -> tuple[float, float] | None:
    """The cost per token and its 95 % upper bound; None for no cost, no token or too few items."""
    side = _per_token(costs, tokens)
    if side is None:
        return None
    rate, half_widths = side[0], _half_widths(side[1], clusters)
    return None if half_widths is None else (rate, rate * math.exp(half_widths.above))


def _per_token(costs: Sequence[float], tokens: Sequence[float]) -> tuple[float, list[float]] | None:
    """The cost per token, and each item's influence on its logarithm; None as in `cost_upper`."""
    cost, token = math.fsum(costs), math.fsum(tokens)
    if cost <= 0.0 or token <= 0.0 or len(costs) < _FEWEST:
        return None
    return cost / token, [paid / cost - used / token for paid, used in zip(costs, tokens, strict=True)]


def _half_widths(residuals: Sequence[float], clusters: Sequence[str | None] | None) -> _HalfWidths | None:
    """The wider half-widths of clusters and of single items; None if all items belong to one cluster.

    With clusters alone, somebody could pair expensive items with cheap ones, so that no cluster would differ.
    """
    alone = _half_widths_from(residuals)
    if clusters is None:
        return alone
    sums = [math.fsum(block) for block in by_cluster(residuals, clusters)]
    return _HalfWidths(*map(max, alone, _half_widths_from(sums))) if len(sums) > 1 else None


def _half_widths_from(residuals: Sequence[float]) -> _HalfWidths:
    """The half-widths that follow from residuals with the sum 0."""
    largest = max(map(abs, residuals))
    if largest == 0.0:
        return _HalfWidths(0.0, 0.0, 0.0)
    scaled = [value / largest for value in residuals]
    squares = [value * value for value in scaled]
    total = math.fsum(squares)
    degrees = degrees_of_freedom(len(squares), total, math.fsum(square * square for square in squares))
    student, error = student_95(degrees), largest * math.sqrt(len(squares) / (len(squares) - 1) * total)
    skew = math.fsum(value * square for value, square in zip(scaled, squares, strict=True)) / total**1.5
    wider = (2.0 * student * student + 1.0) / 6.0
    return _HalfWidths((student + max(-skew, 0.0) * wider) * error, (student + max(skew, 0.0) * wider) * error, error)
