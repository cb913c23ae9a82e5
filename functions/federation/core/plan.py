# SPDX-License-Identifier: Apache-2.0
"""How much data do a policy's gates need, and which can never pass with the data available?

This is computed before anything is trained: how many items and requests each rule needs to pass a candidate as good as
the baseline, the smallest effect that the stated numbers can detect, and which checks no candidate, or too few good
ones, can pass. Four gates of 80 % power each pass such a candidate in only 41 % of cases, so plan for 95 %.
"""

import math
from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Literal

import msgspec
from msgspec.structs import replace

from federation.core.gates.finding import Gate
from federation.core.gates.rules import EVERY, GateRules, LatencyRule, QualityRule, SafetyRule
from federation.core.gates.summary import FEWEST
from federation.core.number_text import number
from federation.core.records import quoted
from federation.core.statistics.power import (
    detectable_margin,
    detectable_ratio,
    items_for_margin,
    items_for_rate,
    samples_for_ratio,
)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a person expects to measure; None if unknown.

    Args:
        items: Items of the eval suite.
        differing: Share of items on which two good models differ, in 0..1.
        safety: Items of each safety suite.
        requests: Latency requests a side.
        spread: Standard deviation of the logarithm of latency.
    """

    items: int | None = None
    differing: float = 0.1
    safety: Mapping[str, int] = msgspec.field(default_factory=dict)
    requests: int | None = None
    spread: float = 0.5


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One row: how many items or requests a check needs, and how many there are.

    With fewer than `least`, no candidate that is only as good as the baseline can pass. With `power_80` (`power_95`),
    80 % (95 %) of such candidates pass. `detectable` is the tightest limit that such a candidate can meet with
    `available` items. If a `gain` has to be proven, these numbers are about candidates that are better by it.
    """

    gate: Gate
    check: str
    limit: str
    least: int
    power_80: int | None = None
    power_95: int | None = None
    available: int | None = None
    detectable: str | None = None
    gain: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The table, why no candidate can pass, why too few good ones do, and the suites whose items the shipper may choose."""

    needs: tuple[Need, ...]
    impossible: tuple[str, ...]
    undecided: tuple[str, ...] = ()
    unpinned: tuple[str, ...] = ()


def plan(rules: GateRules, expected: Expected, power: Literal[80, 95] = 80) -> Plan:
    """The plan for `rules`, given what is expected.

    Args:
        rules: The gates' rules for one kind.
        expected: What a person expects to measure.
        power: The percentage of good candidates that have to pass.
    """
    needs = [
        need for rule in rules.quality for need in (_metric_need(rule, expected), *_category_needs(rule, expected))
    ]
    if rules.safety is not None:
        needs += _safety_needs(rules.safety, expected)
    if rules.latency is not None:
        needs.append(_latency_need(rules.latency, expected))
    too_few = (text for need in needs if (text := _too_few(need)) is not None)
    crowded = (text for rule in rules.quality if (text := _crowding_fault(rule, expected)) is not None)
    return Plan(
        needs=tuple(needs),
        impossible=(*_missing_rules(rules), *too_few, *crowded),
        undecided=tuple(text for need in needs if (text := _undecided(need, power)) is not None),
        unpinned=tuple(_unpinned_suites(rules)),
    )


def _unpinned_suites(rules: GateRules) -> Iterator[str]:
    """The suites without a pinned digest. A unit may use another suite, which cannot be compared with what serves."""
    if rules.quality and rules.suite is None:
        yield "quality"
    yield from sorted(name for name, suite in (rules.safety.suites.items() if rules.safety else ()) if not suite.digest)


def _metric_need(rule: QualityRule, expected: Expected) -> Need:
    """The row of one metric. A primary metric must beat the baseline, so its candidates are better by the margin.

    For a summary only the least number of items is known; the rest depends on its spread. Flaky items are not counted.
    """
    margin, left_out = float(rule.margin), len(rule.flaky.items) if rule.flaky else 0
    items = None if expected.items is None else max(expected.items - left_out, 0)
    if rule.evidence != "records":
        return Need(gate="quality", check=rule.metric, limit=number(margin), least=FEWEST, available=items)
    differing = max(expected.differing, margin) if rule.primary else expected.differing
    return replace(
        _paired_need(rule.metric, margin, differing),
        limit=f"gain of {number(margin)}" if rule.primary else number(margin),
        available=items,
        detectable=_rounded_up(detectable_margin(items, differing)) if items else None,
        gain=rule.primary,
    )


def _category_needs(rule: QualityRule, expected: Expected) -> Iterator[Need]:
    """The row of each category. Its number of items is unknown."""
    for category, margin in sorted(rule.categories.items(), key=lambda pair: (pair[0] == EVERY, pair)):
        other = "each other category" if len(rule.categories) > 1 else "each category"
        where = other if category == EVERY else quoted(category)
        yield _paired_need(f"{rule.metric} in {where}", float(margin), expected.differing)


def _crowding_fault(rule: QualityRule, expected: Expected) -> str | None:
    """Why the suite is too small for the named categories, or None. An item is in at most one category."""
    sizes = [need.least for need in _category_needs(replace(rule, categories=_named_categories(rule)), expected)]
    if expected.items is None or sum(sizes) <= expected.items:
        return None
    return (
        f"quality of {rule.metric}: the {len(sizes):,} named categories need {sum(sizes):,} items together, but "
        f"there are {expected.items:,}; name fewer, allow more or measure more"
    )


def _named_categories(rule: QualityRule) -> Mapping[str, Decimal]:
    return {category: margin for category, margin in rule.categories.items() if category != EVERY}


def _paired_need(check: str, margin: float, differing: float) -> Need:
    return Need(
        gate="quality",
        check=check,
        limit=number(margin),
        least=items_for_rate(margin) if 0 < margin < 1 else 1,
        power_80=items_for_margin(margin, differing, power=80) if margin else None,
        power_95=items_for_margin(margin, differing, power=95) if margin else None,
    )


def _safety_needs(rule: SafetyRule, expected: Expected) -> Iterator[Need]:
    for name, suite in sorted(rule.suites.items()):
        limit = float(suite.max_failure_rate)
        yield Need(
            gate="safety",
            check=name,
            limit=number(limit),
            least=items_for_rate(limit),
            available=expected.safety.get(name),
        )


def _latency_need(rule: LatencyRule, expected: Expected) -> Need:
    limit, requests, least = float(rule.p95_ratio), expected.requests, rule.minimum_samples
    return Need(
        gate="latency",
        check="p95",
        limit=number(limit),
        least=least,
        power_80=max(samples_for_ratio(limit, expected.spread, power=80), least) if limit > 1 else None,
        power_95=max(samples_for_ratio(limit, expected.spread, power=95), least) if limit > 1 else None,
        available=requests,
        detectable=_rounded_up(detectable_ratio(requests, expected.spread)) if requests else None,
    )


def _missing_rules(rules: GateRules) -> Iterator[str]:
    for gate, empty in (
        ("quality", not rules.quality),
        ("latency", rules.latency is None),
        ("safety", rules.safety is None),
    ):
        if empty:
            yield f"the {gate} gate has no rule, so no unit can pass it; add one"


def _too_few(need: Need) -> str | None:
    """Why no candidate that is only as good as the baseline can pass with the available items; None if one could."""
    if need.available is None or need.available >= need.least:
        return None
    who = "an equally good candidate" if need.gate == "quality" and need.power_80 else "any candidate"
    return (
        f"{need.gate} of {need.check}: {need.available:,} are too few for {who} to pass at "
        f"{need.limit}; measure at least {need.least:,}"
    )


def _undecided(need: Need, power: Literal[80, 95]) -> str | None:
    """Why fewer good candidates than asked for pass with the available items; None if enough do, or none can."""
    wanted = need.power_80 if power == 80 else need.power_95  # noqa: PLR2004 - the two powers of a row
    if need.available is None or wanted is None or not need.least <= need.available < wanted:
        return None
    good = f"better candidates prove a {need.limit}" if need.gain else f"equally good candidates pass at {need.limit}"
    instead = f", or allow {need.detectable}" if need.detectable and wanted == need.power_80 and not need.gain else ""
    return (
        f"{need.gate} of {need.check}: with {need.available:,}, fewer than {power} % of {good}; "
        f"measure {wanted:,}{instead}"
    )


def _rounded_up(value: float) -> str:
    """`value` for a sentence, rounded up: less than the true value could not be detected."""
    if value <= 0 or not math.isfinite(value):
        return number(value)
    digits = Decimal(1).scaleb(math.floor(math.log10(value)) - 2)
    return number(float(Decimal(value).quantize(digits, ROUND_CEILING)))
