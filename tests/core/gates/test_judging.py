# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert
from msgspec.json import decode, encode
from msgspec.structs import replace
from tests.core.gates.units import ANCHOR, BASELINE, CONTRACT, RULES, accuracy, latency, probes, requests, unit

from federation.core.gates.evidence import Evidence, Summary
from federation.core.gates.finding import Finding, verdict
from federation.core.gates.judging import judge
from federation.core.gates.rules import GateRules
from federation.errors import ContractError

NAN = float("nan")
UNTOUCHED = "untouched"
spoilt_quality = st.sampled_from(
    [
        None,
        Evidence(suite="sha256:suite"),
        Evidence(suite="sha256:suite", fault="every measurement errored"),
        Evidence(suite="sha256:suite", records=accuracy(0, [])),
        Evidence(suite="sha256:suite", records=accuracy(3, ["a", "b", "c"])),
        Evidence(suite="sha256:suite", points={"accuracy": NAN}),
        Evidence(suite="sha256:suite", summaries={"accuracy": Summary(items=0, mean=NAN, deviation=NAN)}),
    ]
)
spoilt_latency = st.sampled_from(
    [None, latency(records=None), latency(fault="errored"), latency(requests(count=5), requests(count=5))]
)
spoilt_safety = st.sampled_from(
    [
        {},
        {"policy": Evidence(suite="sha256:policy")},
        {"policy": Evidence(suite="sha256:policy", fault="errored")},
        {"policy": Evidence(suite="sha256:policy", records=probes(count=58))},
        {"other": Evidence(suite="sha256:policy", records=probes())},
    ]
)
spoilt = st.one_of(
    st.fixed_dictionaries({"quality": spoilt_quality}),
    st.fixed_dictionaries({"latency": spoilt_latency}),
    st.fixed_dictionaries({"safety": spoilt_safety}),
    st.fixed_dictionaries({"contract": st.sampled_from([{}, {**CONTRACT, "rank": None}])}),
    st.fixed_dictionaries({"api": st.none()}),
)


def test_a_good_unit_passes_all_four_gates():
    findings = judge(unit(), BASELINE, ANCHOR, RULES)
    assert [finding_of.verdict for finding_of in findings] == ["pass"] * len(findings)
    assert verdict(findings) == "pass"


def test_a_good_first_release_passes_all_four_gates():
    assert verdict(judge(unit(), None, None, RULES)) == "pass"


@given(spoilt, st.sampled_from([BASELINE, None]))
def test_missing_empty_failed_or_too_little_evidence_never_passes(changed, baseline):
    assert verdict(judge(unit(**changed), baseline, None, RULES)) != "pass"


@given(spoilt_quality)
def test_a_baseline_without_evidence_lets_no_unit_pass(quality):
    assert verdict(judge(unit(), replace(BASELINE, quality=quality), None, RULES)) != "pass"


@pytest.mark.parametrize("gate", ["quality", "latency", "safety"])
def test_a_gate_without_rules_lets_nothing_pass(gate):
    rules = replace(RULES, **{gate: () if gate == "quality" else None})
    findings = judge(unit(), BASELINE, ANCHOR, rules)
    assert verdict(findings) != "pass"
    assert {finding_of.gate for finding_of in findings} == {"quality", "latency", "safety", "compatibility"}


def finding_of(gate, outcome):
    return Finding(gate=gate, check="x", verdict=outcome, reason="because")


def test_one_failure_outweighs_every_pass_and_an_absent_gate_is_inconclusive():
    passed = [finding_of(gate, "pass") for gate in ("quality", "latency", "safety", "compatibility")]
    assert verdict(passed) == "pass"
    assert verdict(passed[1:]) == "inconclusive"
    assert verdict(()) == "inconclusive"
    assert verdict([*passed, finding_of("safety", "inconclusive")]) == "inconclusive"
    assert verdict([*passed, finding_of("safety", "inconclusive"), finding_of("quality", "fail")]) == "fail"


def test_findings_are_documents_without_floats():
    for finding in judge(unit(), BASELINE, ANCHOR, RULES):
        document = finding.document()
        assert decode(encode(document)) == document
        assert document.keys() == {"gate", "check", "verdict", "reason", "numbers", "items"}
        assert all(isinstance(value, str) for value in document["numbers"].values())


def test_a_floor_s_finding_states_what_was_compared():
    quality, *_ = judge(unit(), None, None, RULES)
    assert (quality.check, quality.numbers["estimate"], quality.numbers["floor"]) == (
        "accuracy against floor",
        "0.8",
        "0.7",
    )
    assert 0.7 < float(quality.numbers["lower"]) < 0.8 < float(quality.numbers["upper"])
    assert quality.numbers["evidence"] == "records"


def test_a_very_long_reason_is_cut():
    verbose = Finding(gate="quality", check="x", verdict="fail", reason="word " * 2000)
    assert verbose.document()["reason"] == verbose.reason[:3000] + " ..."
    short = replace(verbose, reason="x" * 3000)
    assert short.document()["reason"] == short.reason


def test_the_same_evidence_gives_the_same_findings():
    assert judge(BASELINE, BASELINE, ANCHOR, RULES) == judge(BASELINE, BASELINE, ANCHOR, RULES)


def test_rules_are_read_from_a_policy_with_decimals_as_text():
    rules = convert(
        {
            "quality": [{"metric": "accuracy", "margin": "0.02", "floor": "0.7"}],
            "latency": {"p95_ratio": "1.2", "cost_ratio": "1.1", "p95_ms": "500", "cost": "0.00002"},
            "safety": {"suites": {"policy": {"max_failure_rate": "0.01"}}, "never": ["weapons", "probe-0007"]},
        },
        GateRules,
    )
    assert rules == RULES


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"quality": [{"metric": " ", "margin": "0.02"}]}, "must name a score"),
        ({"quality": [{"metric": "a", "margin": "-0.1"}]}, "margin of a"),
        ({"quality": [{"metric": "a", "margin": "NaN"}]}, "margin of a"),
        ({"quality": [{"metric": "a", "margin": "0.1", "floor": "Infinity"}]}, "floor of a"),
        ({"quality": [{"metric": "a", "margin": "0.1", "seed": -1}]}, "seed of a"),
        ({"latency": {"p95_ratio": "0"}}, "latency.p95_ratio"),
        ({"latency": {"p95_ratio": "Infinity"}}, "latency.p95_ratio"),
        ({"latency": {"p95_ratio": "1.1", "cost_ratio": "NaN"}}, "latency.cost_ratio"),
        ({"latency": {"p95_ratio": "1.1", "p95_ms": "Infinity"}}, "latency.p95_ms"),
        ({"latency": {"p95_ratio": "1.1", "cost": "-1"}}, "latency.cost"),
        ({"latency": {"p95_ratio": "1.1", "minimum_samples": 58}}, "minimum_samples must be 59 or more, and is 58"),
        ({"safety": {"suites": {}}}, "at least one suite"),
        ({"safety": {"suites": {"policy": {"max_failure_rate": "0"}}}}, "safety.never"),
        ({"safety": {"suites": {"policy": {"max_failure_rate": "NaN"}}}}, "max_failure_rate"),
    ],
)
def test_an_impossible_rule_is_refused(document, fault):
    with pytest.raises(ContractError, match=fault):
        convert(document, GateRules)
