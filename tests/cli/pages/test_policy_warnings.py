# SPDX-License-Identifier: Apache-2.0
"""Somebody wrote 0.12 for twelve per cent more, and a leap day for a night: both are rules, and neither is meant."""

import json

import pytest

from federation.cli.pages.policy_warnings import policy_warnings
from federation.core.policy import policy_of

NOVEMBER = "2026-11-23T20:00:00Z"
JOB = {"image": "image", "arguments": [], "after_rollback": False, "platform": "gcp"}


@pytest.fixture
def rules(examples):
    """The examples' rules, with other limits of latency, or other hours of a job."""
    policy = json.loads((examples / "policy.json").read_bytes())

    def written(opens="", **limits):
        found = json.loads(json.dumps(policy))
        found["gates"]["embedder"]["latency"] |= limits
        if opens:
            found["jobs"] = {"embedder": {**JOB, "hours": {"opens": opens, "minutes": 1440}}}
        return found

    return written


def told(document):
    return list(policy_warnings(policy_of(document, what="the policy"), NOVEMBER))


def test_usual_rules_are_not_asked_about(rules):
    assert told(rules()) == []
    assert told(rules(opens="0 5 * * *")) == []
    assert told(rules(opens="0 5 1 * *")) == [], "once a month is soon"


@pytest.mark.parametrize(("field", "measure"), [("p95_ratio", "p95"), ("cost_ratio", "cost per token")])
def test_a_ratio_that_no_equally_good_unit_passes_is_told_with_what_it_demands(rules, field, measure):
    (said,) = told(rules(**{field: "0.12"}))
    assert said.startswith(
        f"latency.{field} is 0.12 (embedder): a unit passes only if its {measure} is below 0.12 times"
    )
    assert told(rules(**{field: "1.01"})) == []


def test_hours_that_open_in_another_year_are_told_with_the_day(rules):
    (said,) = told(rules(opens="0 5 29 2 *"))
    assert said.startswith("jobs.embedder.hours.opens is '0 5 29 2 *', which next opens 2028-02-29 ")


def test_hours_that_are_open_now_are_not_a_year_away(rules):
    assert told(rules(opens="0 5 23 11 *")) == []


def test_whoever_plans_or_stores_such_a_policy_is_asked(federation, rules, tmp_path):
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(rules(p95_ratio="0.12")), "utf-8")
    planned = federation("plan", policy)
    assert planned.code == 0
    stored = federation("init", "--policy", policy, "--folder", tmp_path / "home")
    for answer in (planned.out, stored.out):
        assert "Valid rules that are perhaps not intended\n  latency.p95_ratio is 0.12" in answer
    (said,) = federation("plan", policy, "--json").json["unlikely"]
    again = federation("init", "--policy", policy, "--folder", tmp_path / "home", "--json")
    assert again.json["unlikely"] == [said]
