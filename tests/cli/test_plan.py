# SPDX-License-Identifier: Apache-2.0
"""How many items does a policy need, and can it work at all?"""


def test_the_examples_can_be_planned(federation, examples):
    answer = federation("plan", examples / "policy.json")
    assert answer.code == 0
    assert "1,546" in answer.out


def test_too_few_items_make_a_policy_impossible_with_every_reason(federation, examples):
    answer = federation(
        "plan", examples / "policy.json", "--items", 200, "--safety-items", 10, "--requests", 20, "--json"
    )
    assert answer.code == 10
    reasons = " ".join(answer.json["impossible"])
    assert "quality of accuracy" in reasons
    assert "safety of adversarial" in reasons
    assert "latency of p95" in reasons


def test_more_power_asks_for_more_items(federation, examples):
    enough = ("plan", examples / "policy.json", "--items", 1600, "--json")
    assert federation(*enough).code == 0
    answer = federation(*enough, "--power", 0.95)
    assert answer.code == 10
    assert "2,706" in " ".join(answer.json["impossible"])


def test_a_power_that_nobody_computed_is_a_wrong_option(federation, examples):
    assert federation("plan", examples / "policy.json", "--power", 0.5).code == 2


def test_a_smaller_share_of_differing_items_needs_fewer(federation, examples):
    few = federation("plan", examples / "policy.json", "--discordance", 0.05, "--json").json["kinds"]["textgen-lora"]
    many = federation("plan", examples / "policy.json", "--json").json["kinds"]["textgen-lora"]
    assert few[0]["power_80"] < many[0]["power_80"]
