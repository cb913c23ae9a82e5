# SPDX-License-Identifier: Apache-2.0
"""How many items would decide an inconclusive comparison?

With this number about four of five candidates are decided, if the observed loss is the true one, or, after a gain, if
both sides are equally good. In simulation it is 0.8 to 1.6 times what is needed, and up to 2.9 times if 0/1 items were
lost and fewer than 20 differ. It is more if few clusters, or few scores outside 0..1, differ.
"""

import math
from typing import Final

from federation.core.record_line import LARGEST
from federation.core.statistics import NORMAL_95
from federation.core.statistics.bootstrap import FEWEST
from federation.core.statistics.comparison import Comparison
from federation.core.statistics.exact import rate_upper
from federation.core.statistics.interval import Interval
from federation.core.statistics.power import POWER_80, items_for_margin

_HOPELESS: Final = 100.0
"""If more than this many times the present items are needed, no number is recommended."""
_HALVINGS: Final = 40
_ROUNDING: Final = 1e-9


def items_to_settle(comparison: Comparison, interval: Interval, margin: float) -> int | None:
    """The number of items, more than now; None if a loss is so close to the margin that no number is enough.

    Args:
        comparison: An inconclusive one.
        interval: Its interval.
        margin: The loss allowed, above 0.
    """
    distance = abs(min(interval.estimate, 0.0) + margin)
    items = comparison.items * _factor(comparison, interval, margin, distance)
    if distance < margin and items > _HOPELESS * comparison.items:
        return None
    return max(math.ceil(min(items, LARGEST)), comparison.items + 1)


def _factor(comparison: Comparison, interval: Interval, margin: float, distance: float) -> float:
    differing = comparison.better + comparison.worse
    if not differing:
        return _factor_for_unseen(-interval.lower, margin)
    if comparison.method == "bonett-price" and interval.estimate >= 0.0:
        return items_for_margin(max(margin, 1.0 / LARGEST), differing / comparison.items) / comparison.items
    if comparison.method != "bootstrap-t":
        return _factor_for_distance(distance, 0.0, interval.error)
    half_width, unseen = _half_width_and_unseen(comparison, interval, margin)
    if differing >= FEWEST:
        return _factor_for_distance(distance, unseen, interval.error)
    return _factor_for_distance(
        distance, unseen, math.sqrt(max(half_width * half_width - unseen * unseen, 0.0)) / NORMAL_95
    )


def _half_width_and_unseen(comparison: Comparison, interval: Interval, margin: float) -> tuple[float, float]:
    """The half-width next to the margin, and the part of it for unseen items.

    That part is 0 if the half-width is too short for it, because scores then lie outside 0..1.
    """
    mean = interval.estimate
    fails = mean < -margin
    half_width = interval.upper - mean if fails else mean - interval.lower
    unseen = rate_upper(0, comparison.items) * (1.0 - mean if fails else 1.0 + mean)
    return half_width, unseen if half_width >= unseen * (1.0 - _ROUNDING) else 0.0


def _factor_for_unseen(bound: float, margin: float) -> float:
    """The factor on the items that brings a `bound` on unseen ones to the margin. 1 - bound is the n-th root of 5 %."""
    return math.log1p(-bound) / math.log1p(-margin) if max(bound, margin) < 1.0 else bound / margin


def _factor_for_distance(distance: float, unseen: float, error: float) -> float:
    """The factor on the items that brings a bound within `distance` in four of five cases.

    The part for unseen items shrinks with the number of items, the standard error only with its square root.
    """
    if distance <= 0.0:
        return math.inf
    low, high = 0.0, max(unseen, (NORMAL_95 + POWER_80) * error) / distance
    high = 2.0 * max(high, math.sqrt(high), _ROUNDING)
    for _ in range(_HALVINGS):
        root = (low + high) / 2.0
        bound = math.hypot(unseen / root / root, NORMAL_95 * error / root) + POWER_80 * error / root
        low, high = (root, high) if bound > distance else (low, root)
    return high * high
