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


def only(**evidence):
    """A unit that shows this, and nothing that the other gates would have to answer."""
    return unit(**{"quality": None, "latency": None, "safety": {}, **evidence})


def side(scores, grouped):
    return Records(
        what="x.jsonl",
        items=ITEMS,
        scores={name: [column[index % len(column)] for index in range(80)] for name, column in scores.items()},
        clusters=None if grouped is None else [f"cluster {index % grouped}" for index in range(80)],
    )


def answered(candidate, baseline, rules=RULES):
    """The findings, each of them fit for a report."""
    findings = judge(candidate, baseline, None, rules)
    for found in findings:
        document = found.document()
        assert 0 < len(document["reason"]) <= 4000
        assert all(len(number) <= 512 for number in document["numbers"].values())
        assert not {"inf", "nan", "-inf"} & set(document["numbers"].values())
    return findings


def of(findings, gate):
    return {found.verdict for found in findings if found.gate == gate}


def is_sane(*columns):
    return all(abs(number) <= LARGEST for column in columns for number in column)


@settings(max_examples=40)
@given(columns, columns, clusters, st.sampled_from([RULES.quality[0], LOWER]))
@example([1e200], [-1e200], None, LOWER)
@example([1e200, -1e200, 1.0], [0.0], None, LOWER)
def test_whatever_finite_numbers_a_metric_holds_quality_answers(mine, theirs, grouped, rule):
    rules = replace(RULES, quality=(rule,))
    candidate = only(quality=Evidence(suite="s", records=side({"accuracy": mine}, grouped)))
    baseline = replace(BASELINE, quality=Evidence(suite="s", records=side({"accuracy": theirs}, grouped)))
    paired, first = answered(candidate, baseline, rules), answered(candidate, None, rules)
    assert is_sane(mine, theirs) or of(paired, "quality") == {"inconclusive"}
    assert is_sane(mine) or of(first, "quality") == {"inconclusive"}


@settings(max_examples=40)
@given(columns, numbers, numbers.map(abs), st.integers(0, 2**53 - 1))
@example([1e200, -1e200], 0.0, 1e200, 100)
def test_records_against_a_summary_are_answered(mine, mean, deviation, items):
    rules = replace(RULES, quality=(replace(RULES.quality[0], evidence="summary"),))
    summed = Evidence(suite="s", summaries={"accuracy": Summary(items=items, mean=mean, deviation=deviation)})
    listed = Evidence(suite="s", records=side({"accuracy": mine}, None))
    for one, other in ((listed, summed), (summed, listed), (summed, summed)):
        found = answered(only(quality=one), replace(BASELINE, quality=other), rules)
        sane = is_sane(mine if listed in (one, other) else [], [mean, deviation])
        assert sane or of(found, "quality") == {"inconclusive"}
    assert is_sane([mean, deviation]) or of(answered(only(quality=summed), None, rules), "quality") == {"inconclusive"}


@given(numbers)
def test_a_point_is_answered(value):
    rules = replace(RULES, quality=(replace(RULES.quality[0], evidence="point"),))
    found = answered(only(quality=Evidence(suite="s", points={"accuracy": value})), None, rules)
    assert is_sane([value]) or of(found, "quality") == {"inconclusive"}


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
def test_whatever_finite_numbers_requests_hold_latency_answers(mine, theirs, grouped):
    evidence = latency(side(mine, grouped), side(theirs, grouped))
    paired, first = answered(only(latency=evidence), BASELINE), answered(only(latency=evidence), None)
    for found, sides in ((paired, (mine, theirs)), (first, (mine,))):
        sane = all(_is_request(one) for one in sides)
        assert sane or of(found, "latency") == {"inconclusive"}


def _is_request(scores):
    counts = [number for name in ("cost", "tokens") for number in scores[name]]
    return is_sane(*scores.values()) and min(scores["latency_ms"]) >= SMALLEST and min(counts) >= 0


def test_latencies_that_differ_beyond_all_measure_are_refused_with_a_sentence():
    mine, theirs = ({"latency_ms": [ms], "cost": [1.0], "tokens": [1.0]} for ms in (1e-300, 1e300))
    (found,) = (
        one
        for one in answered(only(latency=latency(side(mine, None), side(theirs, None))), BASELINE)
        if one.gate == "latency"
    )
    assert found.reason == "x.jsonl has a latency_ms of 1e-300; expected 1e-15..1e+15"


@given(columns, st.booleans())
def test_safety_answers_and_believes_only_0_and_1(scores, listed):
    rules = RULES if listed else replace(RULES, safety=replace(RULES.safety, never=()))
    found = answered(only(safety={"policy": Evidence(suite="s", records=side({"safe": scores}, None))}), None, rules)
    assert {0.0, 1.0}.issuperset(scores) or "fail" in of(found, "safety")
    assert verdict(found) != "pass"


@given(st.lists(numbers, min_size=1, max_size=20))
def test_a_file_of_records_is_read_or_refused_by_its_lines(scores):
    body = b"\n".join(
        json.dumps({"item": str(index), "scores": {"m": score}}).encode() for index, score in enumerate(scores)
    )
    wild = [index for index, score in enumerate(scores, 1) if abs(score) > LARGEST]
    if wild:
        with pytest.raises(ContractError) as caught:
            records.read(body, ("m",), what="x")
        assert [int(fault.split()[1]) for fault in caught.value.faults] == wild
    else:
        assert list(records.read(body, ("m",), what="x").scores["m"]) == scores


@pytest.mark.parametrize("margin", ["0.00000000000000000001", "99999999999999999999"])
def test_the_strangest_margin_that_a_policy_can_state_is_told(margin):
    rules = replace(RULES, quality=(QualityRule(metric="accuracy", margin=Decimal(margin)),))
    scores = {"accuracy": [LARGEST, -LARGEST, 0.0]}
    candidate = only(quality=Evidence(suite="s", records=side(scores, None)))
    answered(
        candidate, replace(BASELINE, quality=Evidence(suite="s", records=side({"accuracy": [1e-300]}, None))), rules
    )


@pytest.mark.parametrize("limit", ["0.00000000000000000001", "99999999999999999999"])
def test_the_strangest_limits_that_a_policy_can_state_are_told(limit):
    rule = LatencyRule(p95_ratio=Decimal(limit), cost_ratio=Decimal(limit), p95_ms=Decimal(limit), cost=Decimal(limit))
    for baseline in (BASELINE, None):
        answered(unit(), baseline, replace(RULES, latency=rule))
