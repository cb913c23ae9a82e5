# SPDX-License-Identifier: Apache-2.0
"""How high may a failure rate be, given the observed failures?

Exact one-sided bounds (Clopper & Pearson 1934), from the Beta form of the binomial tail. They hold for any number of
items: 59 items without a failure bound the rate at 5 %, 299 at 1 %, 2,995 at 0.1 %.
"""

import math

from federation.core.statistics import ALPHA, NORMAL_95
from federation.core.statistics.beta import beta_quantile
from federation.core.statistics.interval import Interval


def rate_upper(failures: float, items: float) -> float:
    """The one-sided 95 % upper bound on the rate behind `failures` among `items`; 1 where nothing was measured.

    Both may be fractions: for clustered items, `items` is the effective sample size.
    """
    if failures >= items:
        return 1.0
    if failures == 0:
        return -math.expm1(math.log(ALPHA) / items)
    return beta_quantile(failures + 1.0, items - failures, 1.0 - ALPHA)


def rate_lower(failures: int, items: int) -> float:
    """The one-sided 95 % lower bound on the rate behind `failures` among `items`; 0 where nothing was measured."""
    return 1.0 - rate_upper(items - failures, items)


def proportion(successes: int, items: int) -> Interval:
    """The share of `successes` with both exact bounds."""
    lower, upper = rate_lower(successes, items), rate_upper(successes, items)
    return Interval(estimate=successes / items, lower=lower, upper=upper, error=(upper - lower) / (2.0 * NORMAL_95))
