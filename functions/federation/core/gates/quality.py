# SPDX-License-Identifier: Apache-2.0
"""Is the unit as good as the baseline, and as the anchor? The anchor stops small losses from adding up.

The test is non-inferiority on the paired items of one suite. Summaries are compared unpaired, and the finding says so. A
point has no interval, so it proves nothing. Without a baseline, each metric must reach its floor.
"""

from collections.abc import Sequence

from federation.core.gates.categories import Sides, judge_categories
from federation.core.gates.evidence import Evidence, Subject, usable
from federation.core.gates.finding import Finding
from federation.core.gates.flaky import left_out, without_flaky
from federation.core.gates.floor import judge_floor
from federation.core.gates.labels import cluster_omission
from federation.core.gates.paired import Question, bounds, judge_items, undecided
from federation.core.gates.rules import QualityRule
from federation.core.gates.summary import difference_of, summary_of, unusable
from federation.core.number_text import decimal_text, number
from federation.core.statistics.comparison import verdict_of
from federation.core.statistics.wording import change_phrase
from federation.errors import ContractError


def judge_quality(
    rules: Sequence[QualityRule],
    candidate: Subject,
    baseline: Subject | None,
    anchor: Subject | None,
    suite: str | None = None,
) -> tuple[Finding, ...]:
    """One finding for each metric and opponent, one for each bounded category, and one for a pinned suite.

    An anchor that also serves is skipped.
    """
    if not rules:
        return (undecided("rules", "the policy names no quality metric, so no unit can pass; add one"),)
    opponents = {"baseline": baseline}
    if anchor is not None and (baseline is None or anchor.artifact != baseline.artifact):
        opponents["anchor"] = anchor
    findings = tuple(
        finding
        for rule in rules
        for name, other in opponents.items()
        for finding in _metric_findings(rule, candidate.quality, name, other)
    )
    return findings if suite is None else (_suite_finding(suite, candidate.quality), *findings)


def _suite_finding(suite: str, mine: Evidence | None) -> Finding:
    """The finding for a pinned suite. A policy may pin one, because the choice of items decides who wins."""
    suite_run = mine.suite if mine else ""
    if suite_run == suite:
        return Finding(
            gate="quality", check="suite", verdict="pass", reason=f"the unit ran suite {suite}, which the policy pins"
        )
    other = f"suite {suite_run}" if suite_run else "no suite"
    reason = f"the unit ran {other}, but the policy pins {suite}; run that one, or pin another"
    return Finding(gate="quality", check="suite", verdict="fail", reason=reason)


def _metric_findings(rule: QualityRule, mine: Evidence | None, name: str, other: Subject | None) -> tuple[Finding, ...]:
    return (judge_floor(rule, mine),) if other is None else _opponent_findings(rule, mine, name, other)


def _opponent_findings(rule: QualityRule, mine: Evidence | None, name: str, other: Subject) -> tuple[Finding, ...]:
    metric, check = rule.metric, f"{rule.metric} against {name}"
    try:
        ours = usable(mine, metric, least=rule.evidence, whose="the unit")
        theirs = usable(_evidence_on_suite(ours, other), metric, least=rule.evidence, whose=f"the {name}")
    except ContractError as error:
        return (undecided(check, f"{error.what}; ship records of the canonical suite"),)
    if not ours.suite or ours.suite != theirs.suite:
        suites = f"the unit ran suite {ours.suite or 'unknown'}, but the {name} ran {theirs.suite or 'unknown'}"
        return (undecided(check, f"{suites}, so they cannot be compared; run the {name} on the unit's suite too"),)
    own_records, other_records = ours.records_of(metric), theirs.records_of(metric)
    if own_records is not None and other_records is not None:
        return _paired_findings(rule, check, name, Sides(own_records, other_records), ours.suite)
    if "point" in (ours.grade(metric), theirs.grade(metric)):
        reason = f"{metric} is a single number, which has no interval; ship records, one line per item"
        return (undecided(check, reason),)
    return (_unpaired_finding(rule, check, name, ours, theirs),)


def _evidence_on_suite(ours: Evidence, other: Subject) -> Evidence | None:
    """The other unit's evidence on the candidate's suite: its own, else what the candidate's job measured."""
    theirs = other.quality
    if theirs is not None and theirs.suite == ours.suite:
        return theirs
    return ours.of_other(other.artifact) or theirs


def _margin(rule: QualityRule, name: str) -> float:
    """The rule's margin, but 0 for a primary metric, which must beat the baseline."""
    return 0.0 if rule.primary and name == "baseline" else float(rule.margin)


def _paired_findings(rule: QualityRule, check: str, name: str, sides: Sides, suite: str) -> tuple[Finding, ...]:
    try:
        ours, others = (without_flaky(side, suite, rule.flaky) for side in sides)
    except ContractError as error:
        return (undecided(check, error.what),)
    missing_cluster = cluster_omission(ours, others)
    if missing_cluster is not None:
        return (undecided(check, f"{missing_cluster}: state the clusters that the {name}'s records state"),)
    whole = Question(
        rule=rule,
        check=check,
        what=rule.metric,
        opponent=name,
        margin=_margin(rule, name),
        ending=left_out(sides.ours, ours),
    )
    categories = judge_categories(rule, name, sides, Sides(ours, others))
    return (judge_items(whole, ours, others), *categories)


def _unpaired_finding(rule: QualityRule, check: str, name: str, mine: Evidence, theirs: Evidence) -> Finding:
    sides = summary_of(mine, rule.metric), summary_of(theirs, rule.metric)
    refusal = unusable(*sides)
    if refusal is not None:
        return undecided(check, f"{rule.metric}: {refusal}")
    interval, margin = difference_of(*sides), _margin(rule, name)
    interval = interval.negated() if rule.direction == "lower" else interval
    return Finding(
        gate="quality",
        check=check,
        verdict=verdict_of(interval, -margin),
        reason=(
            f"{rule.metric} {change_phrase(interval.estimate, lower_is_better=rule.direction == 'lower')} "
            f"against the {name} "
            f"(95 % bounds {number(interval.lower)}..{number(interval.upper)}, margin {number(margin)}), from unpaired "
            f"summaries of {sides[0].items:,} and {sides[1].items:,} items; records would narrow the bounds"
        ),
        numbers={
            **bounds(interval),
            "margin": decimal_text(margin),
            "items": str(min(side.items for side in sides)),
            "method": "normal, unpaired",
            "evidence": "summary",
        },
    )
