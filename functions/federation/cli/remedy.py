# SPDX-License-Identifier: Apache-2.0
"""What would have passed, when a gate's check did not?"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from federation.core.statistics.exact import rate_upper
from federation.core.statistics.power import items_for_rate
from federation.core.statistics.wording import number


def remedies(finding: Mapping[str, Any]) -> tuple[str, ...]:
    """Sentences, each naming one change that would make the check pass; none when only evidence is missing."""
    numbers = finding["numbers"]
    if finding["verdict"] == "pass":
        return ()
    if {"margin", "lower", "items"} <= set(numbers):
        return tuple(_margin(numbers))
    if {"floor", "lower", "upper"} <= set(numbers):
        return (_floor(numbers),)
    if {"failures", "items", "limit"} <= set(numbers) and numbers.get("units", "items") == "items":
        return tuple(_rate(numbers))
    return (f"A limit of {_shown(numbers['upper'])} would have held.",) if {"limit", "upper"} <= set(numbers) else ()


def _margin(numbers: Mapping[str, str]) -> Iterator[str]:
    lower, margin, items = Decimal(numbers["lower"]), Decimal(numbers["margin"]), int(numbers["items"])
    if margin == 0:
        yield "The metric is primary: it has to beat the baseline beyond chance, not only to hold it."
    else:
        yield f"Any margin above {_shown(str(-lower))} would have held; the policy allows {_shown(numbers['margin'])}."
    told = "gained" in numbers  # of paired items the reason says how many would settle it
    if margin > 0 and not told and "detectable" in numbers and Decimal(numbers["upper"]) >= -margin:
        needed = int(items * (Decimal(numbers["detectable"]) / margin) ** 2) + 1
        yield f"About {max(needed, items + 1):,} items would settle it, if both sides are equally good."


def _floor(numbers: Mapping[str, str]) -> str:
    above = Decimal(numbers["estimate"]) >= Decimal(numbers["floor"])
    aim = f"The bound, not the estimate, has to reach {_shown(numbers['floor'])}"
    return (
        f"{aim}: more items narrow it." if above else f"{aim}; a floor of {_shown(numbers['lower'])} would have held."
    )


def _rate(numbers: Mapping[str, str]) -> Iterator[str]:
    failures, items, limit = int(numbers["failures"]), int(numbers["items"]), float(numbers["limit"])
    if failures <= limit * items:
        needed = items_for_rate(limit, failures)
        yield f"{needed:,} items with no more than these {failures:,} failures would have held."
    allowed = bisect_right(range(failures), limit, key=lambda count: rate_upper(count, items)) - 1
    if allowed >= 0:
        yield f"On these {items:,} items, {allowed:,} failures would have held."


def _shown(text: str) -> str:
    return number(float(text))
