# SPDX-License-Identifier: Apache-2.0
"""The regularised incomplete beta function, from which exact binomial tails follow.

Source: Lentz's continued fraction, NIST DLMF 8.17.22 (https://dlmf.nist.gov/8.17.E22), as in Numerical Recipes 6.4.
"""

import math
from itertools import count
from typing import Final

from federation.core.statistics import ALPHA, NORMAL_95

_TINY: Final = 1e-300
_CLOSE: Final = 1e-14
_STEPS: Final = 200
_SOLVED: Final = 1e-13
_ENOUGH: Final = 19.0


def incomplete_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b): the chance that a Beta(a, b) variable is at most `x`; equally that Binomial(a+b-1, x) is at least `a`.

    Args:
        x: Clipped into 0..1.
        a: Above 0.
        b: Above 0.
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    if x * (a + b + 2.0) < a + 1.0:
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1.0 - x, b, a) / b


def beta_density(x: float, a: float, b: float) -> float:
    """The slope of `incomplete_beta` at `x`, strictly inside 0..1."""
    norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp((a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x) + norm)


def beta_quantile(a: float, b: float, target: float) -> float:
    """The x at which I_x(a, b) is `target`, by Newton's steps inside a shrinking bracket."""
    low, high = 0.0, 1.0
    x = _near(a, b, target)
    for _ in range(_STEPS):
        miss = incomplete_beta(x, a, b) - target
        low, high = (low, x) if miss > 0.0 else (x, high)
        slope = beta_density(x, a, b)
        newton = x - miss / slope if slope > 0.0 else low
        following = newton if low < newton < high else (low + high) / 2.0
        if abs(following - x) <= _SOLVED * x:
            return following
        x = following
    return x


def _near(a: float, b: float, target: float) -> float:
    """A first guess: the mean, or for an upper tail the normal approximation."""
    mean = a / (a + b)
    upper = mean + NORMAL_95 * math.sqrt(mean * (1.0 - mean) / (a + b + 1.0))
    return upper if target > 1.0 - 2.0 * ALPHA and upper < 1.0 else mean


def student_95(degrees_of_freedom: float) -> float:
    """The 95 % quantile of Student's t, since t squared / (t squared + degrees of freedom) has a Beta distribution.

    Args:
        degrees_of_freedom: Above 0; from 19 on the expansion of Abramowitz & Stegun 26.7.5 is right to 1e-5.
    """
    if degrees_of_freedom < _ENOUGH:
        return math.sqrt(degrees_of_freedom * (1.0 / beta_quantile(degrees_of_freedom / 2.0, 0.5, 2.0 * ALPHA) - 1.0))
    z = NORMAL_95
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + math.fsum(term / degrees_of_freedom**power for power, term in enumerate(terms, 1))


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction. It needs about sqrt(max(a, b)) rounds on the side where `incomplete_beta` calls it."""
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    h = d
    for m in count(1):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        step = 1.0
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            step = c * d
            h *= step
        if abs(step - 1.0) < _CLOSE:
            break
    return h


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
