# SPDX-License-Identifier: Apache-2.0
"""Does a unit without a baseline reach the floor that the policy sets for a first release?"""

from typing import Final

from federation.core.gates.evidence import Evidence, Summary, usable
from federation.core.gates.finding import FIRST, Finding
from federation.core.gates.flaky import left_out, without_flaky
from federation.core.gates.rules import QualityRule
from federation.core.gates.summary import interval_of, unusable
from federation.core.number_text import decimal_text, number
from federation.core.record_line import LARGEST
from federation.core.records import Records
from federation.core.statistics.clusters import dependent_clusters, too_few_clusters
from federation.core.statistics.comparison import Verdict, bound_verdict, mean_interval
from federation.core.statistics.interval import Interval
from federation.core.statistics.scale import FAR
from federation.errors import ContractError

_MAX_PERCENT: Final = 100.0
"""No percentage is above this; a reward may be."""


def judge_floor(rule: QualityRule, evidence: Evidence | None) -> Finding:
    """The finding on a floor: `pass` if the one-sided 95 % bound of the unit's own score is on its right side."""
    if rule.floor is None:
        return _undecided(rule, f"{FIRST}, so {rule.metric} needs a floor, but the policy sets none; add one")
    try:
        usable_evidence = usable(evidence, rule.metric, least=rule.evidence, whose="the unit")
    except ContractError as error:
        return _undecided(rule, error.what)
    return _by_grade(rule, float(rule.floor), usable_evidence)


def _by_grade(rule: QualityRule, floor: float, evidence: Evidence) -> Finding:
    records = evidence.records_of(rule.metric)
    if records is not None:
        return _from_records(rule, floor, records, evidence.suite)
    if rule.metric in evidence.summaries:
        return _from_summary(rule, floor, evidence.summaries[rule.metric])
    return _from_point(rule, floor, evidence.points[rule.metric])


def _from_records(rule: QualityRule, floor: float, records: Records, suite: str) -> Finding:
    try:
        steady_records = without_flaky(records, suite, rule.flaky)
    except ContractError as error:
        return _undecided(rule, error.what)
    interval = mean_interval(steady_records, rule.metric, seed=rule.seed)
    if interval is None:
        lack = too_few_clusters(dependent_clusters(steady_records.clusters)) or "measure more items"
        return _undecided(rule, f"too few scores of {rule.metric} differ to bound its mean; {lack}")
    highest = max(steady_records.scores[rule.metric])
    if highest <= _MAX_PERCENT and _is_in_percent(rule, floor, interval.estimate, highest):
        return _undecided(rule, _scale_reason(rule, floor))
    return _floor_finding(
        rule, floor, interval, f"{len(steady_records.items):,} items{left_out(records, steady_records)}", "records"
    )


def _from_summary(rule: QualityRule, floor: float, summary: Summary) -> Finding:
    refusal = unusable(summary)
    if refusal is not None:
        return _undecided(rule, f"{rule.metric}: {refusal}")
    if _is_in_percent(rule, floor, summary.mean, summary.mean + summary.deviation):
        return _undecided(rule, _scale_reason(rule, floor))
    return _floor_finding(rule, floor, interval_of(summary), f"a summary of {summary.items:,} items", "summary")


def _from_point(rule: QualityRule, floor: float, value: float) -> Finding:
    if not -LARGEST <= value <= LARGEST:
        return _undecided(rule, f"{rule.metric} is {value:g}; expected a number within -{LARGEST:g}..{LARGEST:g}")
    if _is_in_percent(rule, floor, value, value):
        return _undecided(rule, _scale_reason(rule, floor))
    point = Interval(estimate=value, lower=value, upper=value, error=0.0)
    return _floor_finding(rule, floor, point, "a single number without an interval, which the policy accepts", "point")


def _floor_finding(rule: QualityRule, floor: float, interval: Interval, source: str, grade: str) -> Finding:
    bound = "ceiling" if rule.direction == "lower" else "floor"
    return Finding(
        gate="quality",
        check=_check_name(rule),
        verdict=_floor_verdict(rule, floor, interval),
        reason=(
            f"{rule.metric} is {number(interval.estimate)} "
            f"(95 % bounds {number(interval.lower)}..{number(interval.upper)}) "
            f"against a {bound} of {number(floor)}, from {source}"
        ),
        numbers={
            "estimate": decimal_text(interval.estimate),
            "lower": decimal_text(interval.lower),
            "upper": decimal_text(interval.upper),
            bound: decimal_text(floor),
            "evidence": grade,
        },
    )


def _is_in_percent(rule: QualityRule, floor: float, mean: float, highest: float) -> bool:
    """Whether the scores look like percentages although the floor lies within 0..1."""
    return rule.direction == "higher" and 0.0 < floor <= 1.0 < mean and highest > FAR


def _scale_reason(rule: QualityRule, floor: float) -> str:
    return f"{rule.metric} is above 1 on average, but the floor of {number(floor)} lies within 0..1; state both on one scale"


def _floor_verdict(rule: QualityRule, floor: float, interval: Interval) -> Verdict:
    if rule.direction == "higher":
        interval, floor = interval.negated(), -floor
    return bound_verdict(interval.lower, interval.upper, limit=floor)


def _check_name(rule: QualityRule) -> str:
    return f"{rule.metric} against floor"


def _undecided(rule: QualityRule, reason: str) -> Finding:
    return Finding(gate="quality", check=_check_name(rule), verdict="inconclusive", reason=reason)
