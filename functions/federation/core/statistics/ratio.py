# SPDX-License-Identifier: Apache-2.0
"""How much more does a candidate cost per token?

Ratio of two ratio estimators, sum(cost) / sum(tokens) a side, with the delta method on its logarithm (Cochran 1977,
Sampling Techniques, 3rd edition, sections 2.11 and 6.4). Both sides answered the same prompts, so each prompt's two
residuals are subtracted and what they share cancels. A few long answers can carry most of the cost, and then the error
is known no better than from so few: hence Student's t with Satterthwaite's degrees of freedom (1946). At the limit 3.6
to 5.7 % pass (log-normal answers, sigma 0.5 and 1.5, and 2 % of answers sixty times as long; 59 to 1,000 items), where
the normal bound let up to 11 % pass.
"""

import math
from collections.abc import Sequence
from operator import sub
from typing import Final

from federation.core.statistics.beta import student_95
from federation.core.statistics.clusters import by_cluster, degrees_of_freedom
from federation.core.statistics.interval import Interval

_FEWEST: Final = 59
"""Items below which the normal approximation is not believed; a p95 asks for as many."""


def cost_ratio(
    candidate: tuple[Sequence[float], Sequence[float]],
    baseline: tuple[Sequence[float], Sequence[float]],
    clusters: Sequence[str | None] | None = None,
) -> Interval | None:
    """Candidate's cost per token over the baseline's with its bounds; None where a side has no cost or is too small.

    Args:
        candidate: Costs and tokens of each item, 0 or from `SMALLEST` to `LARGEST` (core/record_line.py).
        baseline: Costs and tokens of the same items in the same order, in the same currency.
        clusters: Which items depend on each other; None stands alone.
    """
    above, below = _per_token(*candidate), _per_token(*baseline)
    if above is None or below is None:
        return None
    (mine, first), (theirs, second) = above, below
    found = _spread(list(map(sub, first, second)), clusters)
    if found is None:
        return None
    reach, error = found
    ratio = mine / theirs
    return Interval(
        estimate=ratio,
        lower=ratio * math.exp(-reach),
        upper=ratio * math.exp(reach),
        error=ratio * error,
    )


def cost_upper(
    costs: Sequence[float], tokens: Sequence[float], clusters: Sequence[str | None] | None = None
) -> tuple[float, float] | None:
    """Cost per token and its 95 % upper bound; None where there is no cost or no token, or too few items."""
    side = _per_token(costs, tokens)
    if side is None:
        return None
    rate, found = side[0], _spread(side[1], clusters)
    return None if found is None else (rate, rate * math.exp(found[0]))


def _per_token(costs: Sequence[float], tokens: Sequence[float]) -> tuple[float, list[float]] | None:
    """Cost per token, and each item's influence on its logarithm."""
    cost, token = math.fsum(costs), math.fsum(tokens)
    if cost <= 0.0 or token <= 0.0 or len(costs) < _FEWEST:
        return None
    return cost / token, [paid / cost - used / token for paid, used in zip(costs, tokens, strict=True)]


def _spread(residuals: Sequence[float], clusters: Sequence[str | None] | None) -> tuple[float, float] | None:
    """Reach and standard error by cluster, or by items alone if these are wider; None if all belong to one cluster.

    Whoever says which items belong together could put a dear one with a cheap one, and no cluster would differ.
    """
    alone = _reach(residuals), _error(residuals)
    if clusters is None:
        return alone
    sums = [math.fsum(unit) for unit in by_cluster(residuals, clusters)]
    return max(alone, (_reach(sums), _error(sums))) if len(sums) > 1 else None


def _error(residuals: Sequence[float]) -> float:
    count = len(residuals)
    return math.sqrt(count / (count - 1) * math.fsum(residual * residual for residual in residuals))


def _reach(residuals: Sequence[float]) -> float:
    """The distance of the 95 % bound from the estimate, on the logarithmic scale."""
    largest = max(map(abs, residuals))
    if largest == 0.0:
        return 0.0
    squares = [(residual / largest) ** 2 for residual in residuals]
    degrees = degrees_of_freedom(len(squares), math.fsum(squares), math.fsum(square * square for square in squares))
    return student_95(degrees) * _error(residuals)
