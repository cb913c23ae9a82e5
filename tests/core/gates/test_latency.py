# SPDX-License-Identifier: Apache-2.0
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.core.gates.units import BASELINE, RULES, latency, requests, unit

from federation.core.gates.evidence import BaselineRun, Evidence
from federation.core.gates.latency import judge_latency
from federation.core.gates.rules import LatencyRule

RULE = RULES.latency
assert RULE is not None


def findings_of(evidence, rule=RULE, baseline=BASELINE):
    return judge_latency(rule, unit(latency=evidence), baseline)


def test_an_equally_fast_and_cheap_candidate_passes():
    findings = findings_of(latency())
    assert [(finding.check, finding.verdict) for finding in findings] == [("p95", "pass"), ("cost per token", "pass")]
    assert findings[0].numbers["machine"] == "ml.g5.xlarge"
    assert findings[0].numbers["prices"] == "2026-11"
    assert findings[0].numbers["samples"] == "1200"
    assert "1,200 interleaved requests" in findings[0].reason


def test_a_candidate_that_is_half_as_fast_fails():
    speed, cost = findings_of(latency(requests(times=2.0)))
    assert (speed.verdict, cost.verdict) == ("fail", "pass")
    assert "above the limit of 1.2" in speed.reason


def test_a_candidate_that_costs_twice_as_much_fails():
    speed, cost = findings_of(latency(requests(price=2.0)))
    assert (speed.verdict, cost.verdict) == ("pass", "fail")


def test_a_finding_says_how_tokens_and_cost_per_request_changed():
    """A fifth cheaper per token and twice as long costs 1.6 times as much; half as long at the same price costs half."""
    _, cost = findings_of(latency(lengthened(requests(), tokens=2.0, cost=1.6)))
    assert cost.verdict == "pass"
    assert "cost per token is 0.8 times" in cost.reason
    assert cost.reason.endswith("; a request takes 2 times as many tokens on average and costs 1.6 times as much")
    speed, _ = findings_of(latency(lengthened(requests(times=0.5), tokens=0.5, cost=0.5)))
    assert speed.reason.endswith("; a request takes 0.5 times as many tokens on average and costs 0.5 times as much")
    (free,) = findings_of(latency(lengthened(requests(), tokens=0.5, cost=0.0)), replace(RULE, cost_ratio=None))
    assert free.reason.endswith("; a request takes 0.5 times as many tokens on average")
    assert all(
        "tokens" not in finding.reason
        for finding in findings_of(latency(lengthened(requests(), tokens=1.001, cost=1.0)))
    )


def lengthened(records, *, tokens, cost):
    scores = records.scores
    changes = {
        "tokens": [tokens * value for value in scores["tokens"]],
        "cost": [cost * value for value in scores["cost"]],
    }
    return replace(records, scores={**scores, **changes})


def test_few_requests_leave_the_limit_open():
    speed, _ = findings_of(latency(requests(count=60), requests(count=60, seed=9)))
    assert speed.verdict == "inconclusive"
    assert "measure more requests" in speed.reason


def test_requests_of_one_conversation_count_together():
    clusters = [f"conversation {index // 4}" for index in range(1200)]
    speed, _ = findings_of(latency(replace(requests(), clusters=clusters)))
    assert speed.verdict == "pass"
    assert speed.numbers["clusters"] == "300"
    assert "on 1,200 interleaved requests in 300 clusters" in speed.reason


def test_one_long_conversation_proves_nothing():
    findings = findings_of(latency(replace(requests(), clusters=["the only one"] * 1200)))
    assert [finding.verdict for finding in findings] == ["inconclusive", "inconclusive"]
    assert "too few of them are independent" in findings[0].reason
    first = findings_of(latency(replace(requests(), clusters=["the only one"] * 1200), against=None), RULE, None)
    assert [finding.verdict for finding in first] == ["inconclusive", "inconclusive"]


def test_both_sides_must_group_the_requests_alike():
    candidate_records = replace(requests(), clusters=["a"] * 1200)
    (finding,) = findings_of(latency(candidate_records, replace(requests(seed=2), clusters=["b"] * 1200)))
    assert finding.verdict == "inconclusive"
    assert "both must state the same cluster" in finding.reason


@pytest.mark.parametrize("count", [1, 58])
def test_fewer_than_59_requests_have_no_bound(count):
    (finding,) = findings_of(latency(requests(count=count), requests(count=count)))
    assert finding.verdict == "inconclusive"
    assert "59" in finding.reason


def baseline_run(**changed):
    return replace(BaselineRun(artifact="sha256:baseline", records=requests()), **changed)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (None, "no latency records"),
        (latency(records=None), "judged on records only"),
        (latency(fault="latency.jsonl is no longer there"), "latency.jsonl is no longer there"),
        (latency(machine=None), "which machine it was measured on"),
        (latency(prices=None), "price table"),
        (latency(against=None), "did not run next to the unit"),
        (latency(against=baseline_run(artifact="sha256:older")), "sha256:baseline serves now"),
        (latency(against=baseline_run(records=requests(count=1100))), "different items"),
        (latency(requests(times=0.0)), "a latency of 0 or less"),
        (latency(requests(price=-1.0)), "negative cost"),
        (latency(replace(requests(), scores={"latency_ms": [1.0] * 1200})), "has no cost, tokens"),
    ],
)
def test_runs_that_are_not_comparable_are_inconclusive_and_say_why(evidence, reason):
    (finding,) = findings_of(evidence)
    assert finding.verdict == "inconclusive"
    assert reason in finding.reason


def test_a_unit_without_costs_or_tokens_has_no_cost_ratio():
    _, cost = findings_of(latency(requests(price=0.0)))
    assert cost.verdict == "inconclusive"
    _, unknown = findings_of(latency(lengthened(requests(), tokens=0.0, cost=1.0)))
    assert unknown.verdict == "inconclusive"
    assert "none has a cost or tokens" in unknown.reason


def test_without_a_limit_on_cost_no_price_table_is_needed():
    findings = findings_of(latency(prices=None), LatencyRule(p95_ratio=Decimal("1.2")))
    assert [(finding.check, finding.verdict) for finding in findings] == [("p95", "pass")]


@pytest.mark.parametrize(
    ("p95_ms", "cost", "verdicts"),
    [
        ("500", "0.00002", ["pass", "pass"]),
        ("100", "0.000001", ["fail", "fail"]),
        (None, None, ["inconclusive", "inconclusive"]),
    ],
)
def test_a_first_release_is_held_to_its_budgets(p95_ms, cost, verdicts):
    rule = replace(RULE, p95_ms=p95_ms and Decimal(p95_ms), cost=cost and Decimal(cost))
    findings = findings_of(latency(against=None), rule, None)
    assert [finding.verdict for finding in findings] == verdicts


def test_a_first_release_states_what_its_budgets_were_compared_with():
    speed, cost = findings_of(latency(against=None), baseline=None)
    assert speed.numbers.keys() == {"estimate", "upper", "limit", "samples", "machine", "prices", "p95_ms"}
    assert (speed.numbers["limit"], cost.numbers["limit"]) == ("500", "0.00002")
    assert float(speed.numbers["estimate"]) < float(speed.numbers["upper"]) < 500
    assert speed.numbers["estimate"] == speed.numbers["p95_ms"]
    assert cost.numbers["estimate"] == cost.numbers["upper"] == "0.00001"


def test_no_rule_is_inconclusive():
    (finding,) = judge_latency(None, unit(), BASELINE)
    assert finding.verdict == "inconclusive"


def test_a_summary_is_not_latency_evidence():
    (finding,) = findings_of(Evidence(suite="", machine="m", prices="p", points={"p95_ms": 10.0}))
    assert finding.verdict == "inconclusive"


def test_sides_in_different_time_units_are_inconclusive():
    (speed, cost) = findings_of(latency(mine=requests(times=0.001)))
    assert speed.verdict == "inconclusive"
    assert "the sides seem to use different units" in speed.reason
    assert cost.verdict == "pass"


@pytest.mark.parametrize(("score", "value"), [("latency_ms", 0.0), ("cost", -1e-9), ("tokens", -1.0)])
def test_one_impossible_request_makes_the_whole_run_inconclusive(score, value):
    records = requests()
    spoiled = replace(records, scores={**records.scores, score: [value, *records.scores[score][1:]]})
    (finding,) = findings_of(latency(spoiled))
    assert finding.verdict == "inconclusive"
    assert "a latency of 0 or less, or a negative cost or token count" in finding.reason


def test_fifty_nine_requests_are_enough_for_both_checks():
    """They show no bound yet: the finding is about the limit, not about the number of requests."""
    findings = findings_of(latency(requests(count=59), requests(count=59)))
    assert [finding.check for finding in findings] == ["p95", "cost per token"]
