# SPDX-License-Identifier: Apache-2.0
"""How many items would decide what the items at hand leave open?

The number at which about four of five candidates are decided, if the loss seen is the true one, or, after a gain, if
both sides are equally good. Against simulation it is 0.8 to 1.6 times what is needed, and up to 2.9 times if 0/1 items
were lost and fewer than 20 differ. It is more where few clusters, or few scores beyond 0..1, differ.
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
"""If more than this many times the items at hand are needed, nobody is told to measure them."""
_HALVINGS: Final = 40
_ROUNDING: Final = 1e-9


def items_to_settle(comparison: Comparison, interval: Interval, margin: float) -> int | None:
    """The number of items, always more than there are; None if a loss is so close to the margin that none would do.

    Args:
        comparison: An inconclusive one.
        interval: What it found.
        margin: The loss allowed, above 0.
    """
    distance = abs(min(interval.estimate, 0.0) + margin)
    items = comparison.items * _times(comparison, interval, margin, distance)
    if distance < margin and items > _HOPELESS * comparison.items:
        return None
    return max(math.ceil(min(items, LARGEST)), comparison.items + 1)


def _times(comparison: Comparison, interval: Interval, margin: float, distance: float) -> float:
    differing = comparison.better + comparison.worse
    if not differing:
        return _unseen_only(-interval.lower, margin)
    if comparison.method == "bonett-price" and interval.estimate >= 0.0:
        return items_for_margin(max(margin, 1.0 / LARGEST), differing / comparison.items) / comparison.items
    if comparison.method != "bootstrap-t":
        return _until(distance, 0.0, interval.error)
    reach, unseen = _reach(comparison, interval, margin)
    if differing >= FEWEST:
        return _until(distance, unseen, interval.error)
    return _until(distance, unseen, math.sqrt(max(reach * reach - unseen * unseen, 0.0)) / NORMAL_95)


def _reach(comparison: Comparison, interval: Interval, margin: float) -> tuple[float, float]:
    """How far the bound next to the margin is from the estimate, and what of it is due to unseen items.

    The latter is 0 where the bound is closer than unseen scores within 0..1 would allow, since scores then go beyond.
    """
    mean = interval.estimate
    fails = mean < -margin
    reach = interval.upper - mean if fails else mean - interval.lower
    unseen = rate_upper(0, comparison.items) * (1.0 - mean if fails else 1.0 + mean)
    return reach, unseen if reach >= unseen * (1.0 - _ROUNDING) else 0.0


def _unseen_only(bound: float, margin: float) -> float:
    """How many times as many items bring a `bound` on unseen ones to the margin: 1 - bound is the n-th root of 5 %."""
    return math.log1p(-bound) / math.log1p(-margin) if max(bound, margin) < 1.0 else bound / margin


def _until(distance: float, unseen: float, error: float) -> float:
    """How many times as many items bring a bound within `distance`, four times of five.

    What unseen items may change shrinks in proportion to the items, the standard error to their square root only.
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
