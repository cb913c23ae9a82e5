# SPDX-License-Identifier: Apache-2.0
"""How high may a failure rate be, given the failures seen?

Clopper & Pearson 1934: exact one-sided bounds, from the Beta form of the binomial tail. No approximation, so they hold
from the first item on: 59 items without a failure bound the rate at 5 %, 299 at 1 %, 2,995 at 0.1 %.
"""

import math
from typing import Final

from federation.core.statistics import ALPHA, NORMAL_95
from federation.core.statistics.beta import beta_density, incomplete_beta
from federation.core.statistics.interval import Interval

_STEPS: Final = 200
_CLOSE: Final = 1e-13


def rate_upper(failures: int, items: int) -> float:
    """The one-sided 95 % upper bound on the rate behind `failures` among `items`; 1 where nothing was measured."""
    if failures >= items:
        return 1.0
    if failures == 0:
        return -math.expm1(math.log(ALPHA) / items)
    return _solve(failures + 1.0, float(items - failures), 1.0 - ALPHA)


def rate_lower(failures: int, items: int) -> float:
    """The one-sided 95 % lower bound on the rate behind `failures` among `items`; 0 where nothing was measured."""
    return 1.0 - rate_upper(items - failures, items)


def proportion(successes: int, items: int) -> Interval:
    """The share of `successes` with both exact bounds."""
    lower, upper = rate_lower(successes, items), rate_upper(successes, items)
    return Interval(estimate=successes / items, lower=lower, upper=upper, error=(upper - lower) / (2.0 * NORMAL_95))


def _solve(a: float, b: float, target: float) -> float:
    """The x at which I_x(a, b) is `target`: Newton's steps, kept inside a bracket that halves when a step leaves it."""
    low, high = 0.0, 1.0
    x = a / (a + b)
    for _ in range(_STEPS):
        miss = incomplete_beta(x, a, b) - target
        low, high = (low, x) if miss > 0.0 else (x, high)
        slope = beta_density(x, a, b)
        newton = x - miss / slope if slope > 0.0 else low
        following = newton if low < newton < high else (low + high) / 2.0
        if abs(following - x) <= _CLOSE * x:
            return following
        x = following
    return x
