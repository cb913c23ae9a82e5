# SPDX-License-Identifier: Apache-2.0
"""Somebody ships numbers that no measurement leaves: every gate answers, and nothing passes on nonsense."""

import json
import math
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.gates.units import RULES, latency, unit

from federation.core import records
from federation.core.gates.evidence import Evidence, Summary
from federation.core.gates.finding import verdict
from federation.core.gates.judging import judge
from federation.core.gates.rules import LatencyRule, QualityRule
from federation.core.record_line import LARGEST, SMALLEST
from federation.core.records import Records
from federation.errors import ContractError

EXTREMES = [
    0.0,
    -0.0,
    5e-324,
    -5e-324,
    1e-300,
    1e-15,
    1.0,
    LARGEST,
    math.nextafter(LARGEST, math.inf),
    1e200,
    -1e200,
    1e308,
]
numbers = st.sampled_from(EXTREMES) | st.floats(allow_nan=False, allow_infinity=False)
sane = st.sampled_from([SMALLEST, 1.0, 1.0 + 1e-15, LARGEST]) | st.floats(SMALLEST, LARGEST)
columns = st.lists(numbers, min_size=1, max_size=8) | st.lists(sane, min_size=1, max_size=8)
"""A few numbers, repeated until there are enough items."""
clusters = st.sampled_from([None, 2, 30])
ITEMS = [f"item-{index}" for index in range(80)]
LOWER = replace(RULES.quality[0], direction="lower")


BASELINE = unit("sha256:baseline", latency=None, safety={})


def unit_with(**evidence):
    """A unit that shows this, and nothing that the other gates would have to answer."""
    return unit(**{"quality": None, "latency": None, "safety": {}, **evidence})


def records_of(scores, grouped):
    return Records(
        what="x.jsonl",
        items=ITEMS,
        scores={name: [column[index % len(column)] for index in range(80)] for name, column in scores.items()},
        clusters=None if grouped is None else [f"cluster {index % grouped}" for index in range(80)],
    )


def checked_findings(candidate, baseline, rules=RULES):
    """The findings, each of them fit for a report."""
    findings = judge(candidate, baseline, None, rules)
    for finding in findings:
        document = finding.document()
        assert 0 < len(document["reason"]) <= 4000
        assert all(len(number) <= 512 for number in document["numbers"].values())
        assert not {"inf", "nan", "-inf"} & set(document["numbers"].values())
    return findings


def verdicts(findings, gate):
    return {finding.verdict for finding in findings if finding.gate == gate}


def in_range(*columns):
    return all(abs(number) <= LARGEST for column in columns for number in column)


@settings(max_examples=40)
@given(columns, columns, clusters, st.sampled_from([RULES.quality[0], LOWER]))
@example([1e200], [-1e200], None, LOWER)
@example([1e200, -1e200, 1.0], [0.0], None, LOWER)
def test_quality_answers_whatever_finite_numbers_a_metric_holds(candidate_scores, baseline_scores, grouped, rule):
    rules = replace(RULES, quality=(rule,))
    candidate = unit_with(quality=Evidence(suite="s", records=records_of({"accuracy": candidate_scores}, grouped)))
    baseline = replace(
        BASELINE, quality=Evidence(suite="s", records=records_of({"accuracy": baseline_scores}, grouped))
    )
    paired, first = checked_findings(candidate, baseline, rules), checked_findings(candidate, None, rules)
    assert in_range(candidate_scores, baseline_scores) or verdicts(paired, "quality") == {"inconclusive"}
    assert in_range(candidate_scores) or verdicts(first, "quality") == {"inconclusive"}


@settings(max_examples=40)
@given(columns, numbers, numbers.map(abs), st.integers(0, 2**53 - 1))
@example([1e200, -1e200], 0.0, 1e200, 100)
def test_records_compared_with_a_summary_are_answered(candidate_scores, mean, deviation, items):
    rules = replace(RULES, quality=(replace(RULES.quality[0], evidence="summary"),))
    summary = Evidence(suite="s", summaries={"accuracy": Summary(items=items, mean=mean, deviation=deviation)})
    listed_records = Evidence(suite="s", records=records_of({"accuracy": candidate_scores}, None))
    for left, right in ((listed_records, summary), (summary, listed_records), (summary, summary)):
        findings = checked_findings(unit_with(quality=left), replace(BASELINE, quality=right), rules)
        sane = in_range(candidate_scores if listed_records in (left, right) else [], [mean, deviation])
        assert sane or verdicts(findings, "quality") == {"inconclusive"}
    assert in_range([mean, deviation]) or verdicts(
        checked_findings(unit_with(quality=summary), None, rules), "quality"
    ) == {"inconclusive"}


@given(numbers)
def test_a_single_point_is_answered(value):
    rules = replace(RULES, quality=(replace(RULES.quality[0], evidence="point"),))
    findings = checked_findings(unit_with(quality=Evidence(suite="s", points={"accuracy": value})), None, rules)
    assert in_range([value]) or verdicts(findings, "quality") == {"inconclusive"}


requests = st.fixed_dictionaries({"latency_ms": columns, "cost": columns, "tokens": columns})


@settings(max_examples=40)
@given(requests, requests, clusters)
@example(
    {"latency_ms": [1e-300], "cost": [1.0], "tokens": [1.0]},
    {"latency_ms": [1e300], "cost": [1.0], "tokens": [1.0]},
    None,
)
@example(
    {"latency_ms": [1e300], "cost": [1.0], "tokens": [1.0]},
    {"latency_ms": [1e-300], "cost": [1.0], "tokens": [1.0]},
    None,
)
@example(
    {"latency_ms": [1.0], "cost": [1e308], "tokens": [1.0]}, {"latency_ms": [1.0], "cost": [1.0], "tokens": [1.0]}, None
)
@example(
    {"latency_ms": [1.0], "cost": [1.0], "tokens": [1.0]},
    {"latency_ms": [1.0], "cost": [5e-324], "tokens": [1e15]},
    None,
)
def test_latency_answers_whatever_finite_numbers_requests_hold(candidate_scores, baseline_scores, grouped):
    evidence = latency(records_of(candidate_scores, grouped), records_of(baseline_scores, grouped))
    paired, first = (
        checked_findings(unit_with(latency=evidence), BASELINE),
        checked_findings(unit_with(latency=evidence), None),
    )
    for findings, sides in ((paired, (candidate_scores, baseline_scores)), (first, (candidate_scores,))):
        sane = all(_is_request(scores) for scores in sides)
        assert sane or verdicts(findings, "latency") == {"inconclusive"}


def _is_request(scores):
    counts = [number for name in ("cost", "tokens") for number in scores[name]]
    return in_range(*scores.values()) and min(scores["latency_ms"]) >= SMALLEST and min(counts) >= 0


def test_latencies_too_far_apart_are_refused_with_a_reason():
    candidate_scores, baseline_scores = ({"latency_ms": [ms], "cost": [1.0], "tokens": [1.0]} for ms in (1e-300, 1e300))
    (found,) = (
        finding
        for finding in checked_findings(
            unit_with(latency=latency(records_of(candidate_scores, None), records_of(baseline_scores, None))), BASELINE
        )
        if finding.gate == "latency"
    )
    assert found.reason == "x.jsonl has a latency_ms of 1e-300; expected 1e-15..1e+15"


@given(columns, st.booleans())
def test_safety_answers_and_accepts_only_0_and_1(scores, listed):
    rules = RULES if listed else replace(RULES, safety=replace(RULES.safety, never=()))
    findings = checked_findings(
        unit_with(safety={"policy": Evidence(suite="s", records=records_of({"safe": scores}, None))}), None, rules
    )
    assert {0.0, 1.0}.issuperset(scores) or "fail" in verdicts(findings, "safety")
    assert verdict(findings) != "pass"


@given(st.lists(numbers, min_size=1, max_size=20))
def test_records_are_read_or_refused_with_the_numbers_of_their_faulty_lines(scores):
    body = b"\n".join(
        json.dumps({"item": str(index), "scores": {"m": score}}).encode() for index, score in enumerate(scores)
    )
    faulty_lines = [index for index, score in enumerate(scores, 1) if abs(score) > LARGEST]
    if faulty_lines:
        with pytest.raises(ContractError) as caught:
            records.read(body, ("m",), what="x")
        assert [int(fault.split()[1]) for fault in caught.value.faults] == faulty_lines
    else:
        assert list(records.read(body, ("m",), what="x").scores["m"]) == scores


@pytest.mark.parametrize("margin", ["0.00000000000000000001", "99999999999999999999"])
def test_the_most_extreme_margins_are_handled(margin):
    rules = replace(RULES, quality=(QualityRule(metric="accuracy", margin=Decimal(margin)),))
    scores = {"accuracy": [LARGEST, -LARGEST, 0.0]}
    candidate = unit_with(quality=Evidence(suite="s", records=records_of(scores, None)))
    checked_findings(
        candidate,
        replace(BASELINE, quality=Evidence(suite="s", records=records_of({"accuracy": [1e-300]}, None))),
        rules,
    )


@pytest.mark.parametrize("limit", ["0.00000000000000000001", "99999999999999999999"])
def test_the_most_extreme_limits_are_handled(limit):
    rule = LatencyRule(p95_ratio=Decimal(limit), cost_ratio=Decimal(limit), p95_ms=Decimal(limit), cost=Decimal(limit))
    for baseline in (BASELINE, None):
        checked_findings(unit(), baseline, replace(RULES, latency=rule))
