# SPDX-License-Identifier: Apache-2.0
"""How is a comparison worded for a person who has to act on it?"""

import math
from typing import Final

from federation.core.counted import counted
from federation.core.record_line import LARGEST
from federation.core.statistics import NORMAL_95
from federation.core.statistics.comparison import Comparison
from federation.core.statistics.interval import Interval
from federation.core.statistics.power import POWER_80

_HOPELESS: Final = 100.0
"""If more than this many times the items at hand are needed, nobody is told to measure them."""


def sentence(
    comparison: Comparison, *, metric: str, margin: float, against: str = "the baseline", lower_is_better: bool = False
) -> str:
    """One sentence with the numbers in it: what moved, by how much, what that means for the margin, on which items."""
    interval = comparison.interval
    if interval is None:
        return comparison.reason or "there is nothing to compare"
    return (
        f"{metric} {moved(interval.estimate, lower_is_better=lower_is_better)} against {against} "
        f"on {counted(comparison.items, 'shared item')} (95 % bounds {number(interval.lower)}..{number(interval.upper)}), "
        f"{_meaning(comparison, interval, margin)}; {_flips(comparison)}"
    )


def number(value: float) -> str:
    """`value` to three significant digits, without exponent, as a sentence shows it."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "no bound"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moved(estimate: float, *, lower_is_better: bool) -> str:
    """Which way a metric went and how far, as the verb of a sentence; an `estimate` above 0 is better."""
    if estimate == 0:
        return "did not change"
    down, up = ("worsened", "improved") if lower_is_better else ("fell", "rose")
    return f"{down if estimate < 0 else up} by {number(abs(estimate))}"


def _meaning(comparison: Comparison, interval: Interval, margin: float) -> str:
    if margin == 0:
        return {
            "pass": "a gain beyond chance",
            "fail": "a loss beyond chance",
            "inconclusive": "which proves neither a gain nor a loss",
        }[comparison.verdict]
    if comparison.verdict == "pass":
        return f"which stays within the margin {number(margin)}"
    if comparison.verdict == "fail":
        return f"more than the margin {number(margin)} allows"
    return f"which neither proves nor rules out a loss of more than the margin {number(margin)}: " + _settled_by(
        comparison, interval, margin
    )


def _settled_by(comparison: Comparison, interval: Interval, margin: float) -> str:
    """How many items would decide if the loss seen is the true one, or, after a gain, if both sides are equally good.

    The closer a loss is to the margin, the more items it takes to tell on which side it is. While no item differs, the
    bound shrinks in proportion to the items, not to their square root.
    """
    distance = min(abs(interval.estimate + margin), margin)
    reach = (NORMAL_95 + POWER_80) * interval.error / distance if distance > 0.0 else math.inf
    times = reach * reach if comparison.better + comparison.worse else _times_unseen(-interval.lower, margin)
    if distance < margin and times > _HOPELESS:
        return "the result is so close to the margin that more items would hardly settle it"
    items = max(math.ceil(min(comparison.items * times, LARGEST)), comparison.items + 1)
    return f"about {items:,} items would settle it"


def _times_unseen(bound: float, margin: float) -> float:
    """How many times as many items bring a `bound` on unseen ones to the margin: 1 - bound is the n-th root of 5 %."""
    return math.log1p(-bound) / math.log1p(-margin) if max(bound, margin) < 1.0 else bound / margin


def _flips(comparison: Comparison) -> str:
    if comparison.method == "bootstrap-t":
        return f"{counted(comparison.worse, 'item')} scored worse, {comparison.better:,} better"
    return f"{counted(comparison.worse, 'item')} flipped from right to wrong, {comparison.better:,} from wrong to right"
