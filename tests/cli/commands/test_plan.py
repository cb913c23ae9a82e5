# SPDX-License-Identifier: Apache-2.0
"""How many items does a policy need, and can it work at all; and how should sites train together?"""

import json
from pathlib import Path

SITES = Path(__file__).resolve().parents[3] / "docs/topology.json"


def test_the_examples_can_be_planned(federation, examples):
    answer = federation("plan", examples / "policy.json")
    assert answer.code == 0
    assert "1,559" in answer.out


def test_too_few_items_are_named_with_every_reason(federation, examples):
    answer = federation(
        "plan", examples / "policy.json", "--items", 200, "--safety-items", 10, "--requests", 20, "--json"
    )
    assert answer.code == 10
    reasons = " ".join(answer.json["impossible"])
    assert "quality of accuracy" in " ".join(answer.json["undecided"])
    assert "safety of adversarial" in reasons
    assert "latency of p95" in reasons


def test_more_power_asks_for_more_items(federation, examples):
    enough = ("plan", examples / "policy.json", "--items", 1600, "--json")
    assert federation(*enough).code == 0
    answer = federation(*enough, "--power", 0.95)
    assert answer.code == 10
    assert "2,716" in " ".join(answer.json["undecided"])
    assert answer.json["impossible"] == []


def test_a_quorum_that_no_merge_can_reach_is_told_though_units_can_pass(federation, examples, tmp_path):
    document = json.loads((examples / "policy.json").read_bytes())
    assert "Merges" not in federation("plan", examples / "policy.json").out
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({**document, "fusion": {**document["fusion"], "quorum": 7}}), "utf-8")
    answer = federation("plan", policy)
    assert answer.code == 0
    assert "fusion.quorum is 7, but a merge takes one new unit a kind and the matrix has 6 kinds" in answer.out
    (told,) = federation("plan", policy, "--json").json["merges"]
    assert told.endswith("write at most 6")


def test_a_power_that_nobody_computed_is_a_wrong_option(federation, examples):
    assert federation("plan", examples / "policy.json", "--power", 0.5).code == 2


def test_a_smaller_share_of_differing_items_needs_fewer(federation, examples):
    few = federation("plan", examples / "policy.json", "--discordance", 0.05, "--json").json["kinds"]["textgen-lora"]
    many = federation("plan", examples / "policy.json", "--json").json["kinds"]["textgen-lora"]
    assert few[0]["power_80"] < many[0]["power_80"]


def test_sites_that_would_train_together_are_told_how_and_why_not_otherwise(federation):
    answer = federation("plan", "--topology", SITES)
    assert answer.code == 0
    assert "federated: chosen" in answer.out
    assert "the rows of hospital-north and hospital-south may not leave" in answer.out
    assert "gradients never cross clouds" in answer.out


def test_a_program_gets_every_way_with_its_bytes_and_verdict(federation):
    answer = federation("plan", "--topology", SITES, "--json")
    ways = {one["topology"]: one for one in answer.json["topologies"]}
    assert answer.json["chosen"] == "federated"
    assert ways["federated"]["bytes"] == 2 * 540_000 * 4 * 30
    assert ways["ring all-reduce"]["bytes"] == 2 * 3 * 540_000 * 3000
    assert ways["ring all-reduce"]["verdict"] == "refused"


def test_the_policy_says_what_is_wanted_of_a_topology(federation, examples, tmp_path):
    policy = json.loads((examples / "policy.json").read_text("utf-8"))
    policy["topology"] = {"least_unbroken": "0.99"}
    place = tmp_path / "policy.json"
    place.write_text(json.dumps(policy))
    answer = federation("plan", place, "--topology", SITES)
    assert answer.code == 10
    assert "the policy allows 1%" in answer.out


def test_neither_a_policy_nor_sites_are_nothing_to_plan(federation):
    assert federation("plan").code == 2


def test_steadier_latencies_need_fewer_requests(federation, examples):
    usual = federation("plan", examples / "policy.json", "--json").json["kinds"]["embedder"][-1]
    steady = federation("plan", examples / "policy.json", "--spread", 0.3, "--json").json["kinds"]["embedder"][-1]
    assert steady["check"] == "p95"
    assert steady["power_80"] < usual["power_80"]


def test_a_better_candidate_is_what_a_primary_metric_is_planned_for(federation, examples, tmp_path):
    document = json.loads((examples / "policy.json").read_text("utf-8"))
    document["gates"]["embedder"]["quality"][0]["primary"] = True
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document), "utf-8")
    answer = federation("plan", policy, "--items", 1600, "--power", 0.95)
    assert answer.code == 10
    assert "gain of 0.02" in answer.out
    assert "fewer than 95 % of better candidates prove a gain" in " ".join(answer.out.split())


def test_categories_have_rows_and_a_word_on_how_many_of_them_pass_together(federation, examples, tmp_path):
    document = json.loads((examples / "policy.json").read_text("utf-8"))
    bare = federation("plan", examples / "policy.json").out
    document["gates"]["embedder"]["quality"][0]["categories"] = {"sklearn": "0.08"}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document), "utf-8")
    told = " ".join(federation("plan", policy).out.split())
    assert "embedder quality ndcg in 'sklearn' 0.08 36 110 180" in told
    assert "of ten rows at 95 % each, all pass 60 % of the time" in told
    assert "category" not in bare


def test_a_policy_without_floors_and_budgets_is_said_to_pass_no_first_release(federation, examples, tmp_path):
    assert "With no baseline" not in federation("plan", examples / "policy.json").out
    document = json.loads((examples / "policy.json").read_bytes())
    gates = document["gates"]["embedder"]
    for rule in gates["quality"]:
        rule.pop("floor", None)
    gates["latency"].pop("p95_ms", None)
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document), "utf-8")
    answer = federation("plan", policy)
    assert answer.code == 0, "with a baseline it can be passed"
    assert "With no baseline, as for the first release of a kind, no unit can pass" in answer.out
    gaps = federation("plan", policy, "--json").json["first_release"]
    assert "embedder: latency has no `p95_ms`" in gaps
    assert [gap for gap in gaps if "has no `floor`" in gap]


def test_a_rule_without_effect_is_named_beside_the_answer(federation, examples, tmp_path):
    document = json.loads((examples / "policy.json").read_bytes())
    assert federation("plan", examples / "policy.json", "--json").json["unknown_fields"] == []
    document["rollback"]["alarm"] = {"churn-prod-5xx": "tell"}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document), "utf-8")
    warning = "`rollback.alarm` is not a field of a policy and has no effect; did you mean `alarms`?"
    assert warning in " ".join(federation("plan", policy).out.split())
    assert federation("plan", policy, "--json").json["unknown_fields"] == [warning]
