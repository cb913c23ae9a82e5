# SPDX-License-Identifier: Apache-2.0
"""How is a comparison worded for a person who has to act on it?"""

import math

from federation.core.record_line import LARGEST
from federation.core.statistics import NORMAL_95
from federation.core.statistics.comparison import Comparison
from federation.core.statistics.interval import Interval
from federation.core.statistics.power import POWER_80


def sentence(
    comparison: Comparison, *, metric: str, margin: float, against: str = "the baseline", lower_is_better: bool = False
) -> str:
    """One sentence with the numbers in it: what moved, by how much, what that means for the margin, on which items."""
    interval = comparison.interval
    if interval is None:
        return comparison.reason or "there is nothing to compare"
    return (
        f"{metric} {_moved(interval.estimate, lower_is_better=lower_is_better)} against {against} "
        f"(95 % bounds {number(interval.lower)}..{number(interval.upper)}), {_meaning(comparison, interval, margin)}, "
        f"on {comparison.items:,} shared items; {_flips(comparison)}"
    )


def number(value: float) -> str:
    """`value` to three significant digits, without exponent, as a sentence shows it."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "no bound"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moved(estimate: float, *, lower_is_better: bool) -> str:
    if estimate == 0:
        return "did not change"
    down, up = ("worsened", "improved") if lower_is_better else ("fell", "rose")
    return f"{down if estimate < 0 else up} by {number(abs(estimate))}"


def _meaning(comparison: Comparison, interval: Interval, margin: float) -> str:
    if margin == 0:
        return {
            "pass": "which is better beyond chance",
            "fail": "which is worse beyond chance",
            "inconclusive": "which proves neither better nor worse",
        }[comparison.verdict]
    if comparison.verdict == "pass":
        return f"which stays within the margin {number(margin)}"
    if comparison.verdict == "fail":
        return f"more than the margin {number(margin)} allows"
    return (
        f"which neither proves nor rules out a loss of more than the margin {number(margin)}: "
        f"about {_items_needed(comparison, interval, margin):,} items would settle it"
    )


def _items_needed(comparison: Comparison, interval: Interval, margin: float) -> int:
    """Items on which an equally good candidate passes in four cases of five, at the spread that was seen."""
    times = (NORMAL_95 + POWER_80) * interval.error / margin
    return max(math.ceil(min(comparison.items * times * times, LARGEST)), comparison.items + 1)


def _flips(comparison: Comparison) -> str:
    if comparison.method == "bootstrap-t":
        return f"{comparison.worse:,} items scored worse, {comparison.better:,} better"
    return f"{comparison.worse:,} items flipped from right to wrong, {comparison.better:,} from wrong to right"
