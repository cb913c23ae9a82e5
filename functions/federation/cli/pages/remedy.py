# SPDX-License-Identifier: Apache-2.0
"""What would have passed, when a gate's check did not?"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from federation.core.number_text import number
from federation.core.statistics.exact import rate_upper
from federation.core.statistics.power import items_for_rate


def remedies(finding: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences, each naming one change that would make the check pass; none when only evidence is missing."""
    numbers = finding["numbers"]
    if finding["verdict"] == "pass":
        return ()
    if {"margin", "lower", "items"} <= set(numbers):
        return tuple(_margin_remedies(numbers))
    for bound, nearer in (("floor", "lower"), ("ceiling", "upper")):
        if {bound, "lower", "upper"} <= set(numbers):
            return (_bound_remedy(numbers, bound, nearer),)
    if {"failures", "items", "limit"} <= set(numbers) and numbers.get("units", "items") == "items":
        return tuple(_rate_remedies(numbers))
    return (
        (f"A limit of {_shown(numbers['upper'])} would have been met.",) if {"limit", "upper"} <= set(numbers) else ()
    )


def _margin_remedies(numbers: Mapping[str, str]) -> Iterator[str]:
    lower, margin, items = Decimal(numbers["lower"]), Decimal(numbers["margin"]), int(numbers["items"])
    if margin == 0:
        yield "The metric is primary: it has to beat the baseline by more than chance, not only to match it."
    else:
        needed_margin, allowed = _distinct(-lower, margin)
        yield f"Any margin above {needed_margin} would have been enough; the policy allows {allowed}."
    is_paired = "gained" in numbers  # of paired items the reason says how many would settle it
    if margin > 0 and not is_paired and "detectable" in numbers and Decimal(numbers["upper"]) >= -margin:
        needed = int(items * (Decimal(numbers["detectable"]) / margin) ** 2) + 1
        yield f"About {max(needed, items + 1):,} items would settle it, if both sides are equally good."


def _bound_remedy(numbers: Mapping[str, str], bound: str, nearer: str) -> str:
    beyond = Decimal(numbers["estimate"]) - Decimal(numbers[bound])
    aim = f"The bound, not the estimate, has to reach {_shown(numbers[bound])}"
    if beyond == 0 or (beyond > 0) == (bound == "floor"):
        return f"{aim}: more items narrow the bounds."
    return f"{aim}; a {bound} of {_shown(numbers[nearer])} would have been met."


def _rate_remedies(numbers: Mapping[str, str]) -> Iterator[str]:
    failures, items, limit = int(numbers["failures"]), int(numbers["items"]), float(numbers["limit"])
    if failures <= limit * items:
        needed = items_for_rate(limit, failures)
        yield f"{needed:,} items with no more than these {failures:,} failures would have been few enough."
    allowed = bisect_right(range(failures), limit, key=lambda count: rate_upper(count, items)) - 1
    if allowed >= 0:
        yield f"On these {items:,} items, {allowed:,} failures would have been few enough."


def _distinct(first: Decimal, second: Decimal) -> tuple[str, str]:
    """Both numbers rounded for people, or in full if they would look alike."""
    short = _shown(str(first)), _shown(str(second))
    return short if short[0] != short[1] or first == second else (str(first), str(second))


def _shown(text: str) -> str:
    return number(float(text))
