# SPDX-License-Identifier: Apache-2.0
"""Words a comparison for a person who has to act on it."""

from federation.core.number_text import counted, number
from federation.core.statistics.comparison import Comparison
from federation.core.statistics.interval import Interval
from federation.core.statistics.settling import items_to_settle


def sentence(
    comparison: Comparison, *, metric: str, margin: float, against: str = "the baseline", lower_is_better: bool = False
) -> str:
    """One sentence: what changed, by how much, on how many items, and what that means for the margin."""
    interval = comparison.interval
    if interval is None:
        return comparison.reason or "there is nothing to compare"
    return (
        f"{metric} {change_phrase(interval.estimate, lower_is_better=lower_is_better)} against {against} "
        f"on {counted(comparison.items, 'shared item')} (95 % bounds {number(interval.lower)}..{number(interval.upper)}), "
        f"{_meaning(comparison, interval, margin)}; {_changed_items(comparison)}"
    )


def change_phrase(estimate: float, *, lower_is_better: bool) -> str:
    """The verb of a sentence: which way a metric changed, and how far. An `estimate` above 0 is better."""
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
    return f"which neither proves nor rules out a loss of more than the margin {number(margin)}: " + _advice(
        comparison, interval, margin
    )


def _advice(comparison: Comparison, interval: Interval, margin: float) -> str:
    if comparison.lack is not None:
        return comparison.lack
    items = items_to_settle(comparison, interval, margin)
    if items is None:
        return "the result is so close to the margin that more items would hardly settle it"
    return f"about {items:,} items would settle it"


def _changed_items(comparison: Comparison) -> str:
    if comparison.method == "bootstrap-t":
        return f"{counted(comparison.worse, 'item')} scored worse, {comparison.better:,} better"
    return f"{counted(comparison.worse, 'item')} flipped from right to wrong, {comparison.better:,} from wrong to right"
