# SPDX-License-Identifier: Apache-2.0
"""The quality gate's finding on items that both sides answered."""

import msgspec

from federation.core.gates.finding import Finding
from federation.core.gates.rules import QualityRule
from federation.core.number_text import decimal_text
from federation.core.records import Records
from federation.core.statistics.comparison import Comparison, compare_records
from federation.core.statistics.interval import Interval
from federation.core.statistics.power import detectable_effect
from federation.core.statistics.wording import sentence


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison to make.

    Args:
        rule: The rule of the metric.
        check: The name of the check.
        what: The name of the score in the sentence.
        opponent: "baseline" or "anchor".
        margin: The loss allowed.
        suite_range: The range of all scores of the suite, if these items are only some of them; see `compare_records`.
        ending: The end of the sentence.
    """

    rule: QualityRule
    check: str
    what: str
    opponent: str
    margin: float
    suite_range: float | None = None
    ending: str = ""


def judge_items(question: Question, ours: Records, others: Records) -> Finding:
    """The finding with its sentence, its numbers, and the items that got worse."""
    rule, margin, lower_is_better = question.rule, question.margin, question.rule.direction == "lower"
    comparison = compare_records(
        ours,
        others,
        metric=rule.metric,
        margin=margin,
        lower_is_better=lower_is_better,
        seed=rule.seed,
        suite_range=question.suite_range,
    )
    text = sentence(
        comparison,
        metric=question.what,
        margin=margin,
        against=f"the {question.opponent}",
        lower_is_better=lower_is_better,
    )
    return Finding(
        gate="quality",
        check=question.check,
        verdict=comparison.verdict,
        reason=text + question.ending,
        numbers=_numbers(rule, comparison, margin),
        items=comparison.named,
    )


def bounds(interval: Interval) -> dict[str, str]:
    """The numbers of a finding: estimate, bounds, and the smallest effect that could be detected."""
    return {
        "estimate": decimal_text(interval.estimate),
        "lower": decimal_text(interval.lower),
        "upper": decimal_text(interval.upper),
        "detectable": decimal_text(detectable_effect(interval.error)),
    }


def undecided(check: str, reason: str) -> Finding:
    """An inconclusive finding with its reason."""
    return Finding(gate="quality", check=check, verdict="inconclusive", reason=reason)


def _numbers(rule: QualityRule, comparison: Comparison, margin: float) -> dict[str, str]:
    if comparison.interval is None or comparison.method is None:
        return {"items": str(comparison.items), "margin": decimal_text(margin), "evidence": "records"}
    return {
        **bounds(comparison.interval),
        "margin": decimal_text(margin),
        "items": str(comparison.items),
        "gained": str(comparison.better),
        "lost": str(comparison.worse),
        "method": comparison.method,
        "seed": str(rule.seed),
        "evidence": "records",
    }
