# SPDX-License-Identifier: Apache-2.0
"""What serves runs its suite five times, and a policy learns which items to leave out."""

import json

import pytest

from federation.core.policy import policy_of
from federation.simulation.platform import POLICY

SUITE = f"sha256:{'0f' * 32}"
ASKED = ("--metric", "accuracy", "--suite", SUITE)


@pytest.fixture
def runs(tmp_path):
    """Five runs of a hundred items: two of them answer as the coin falls, the others never change."""
    paths = [tmp_path / f"run-{number}.jsonl" for number in range(5)]
    for number, path in enumerate(paths):
        odd = {"item-07": number % 2, "item-42": int(number == 3)}
        scores = {f"item-{index:02}": odd.get(f"item-{index:02}", 1) for index in range(100)}
        path.write_text(
            "".join(json.dumps({"item": item, "scores": {"accuracy": score}}) + "\n" for item, score in scores.items())
        )
    return paths


def test_the_items_are_told_with_how_often_they_disagree(federation, runs):
    answer = federation("flaky", *runs, *ASKED)
    assert answer.code == 0
    assert "2 of 100 items are flaky in 5 runs" in answer.out
    assert answer.out.index("item-07") < answer.out.index("item-42")


def test_what_it_prints_goes_into_a_policy(federation, runs):
    found = federation("flaky", *runs, *ASKED, "--json").json
    assert found == {"suite": SUITE, "runs": 5, "limit": "0.1", "items": {"item-07": "0.6", "item-42": "0.4"}}
    rule = {"metric": "accuracy", "margin": "0.02", "floor": "0.7", "flaky": found}
    gates = {**POLICY["gates"], "embedder": {**POLICY["gates"]["embedder"], "quality": [rule]}}
    policy = policy_of({**POLICY, "gates": gates})
    assert policy.rules("embedder").quality[0].flaky.items.keys() == {"item-07", "item-42"}


def test_a_higher_limit_keeps_an_item_that_seldom_disagrees(federation, runs):
    assert federation("flaky", *runs, *ASKED, "--limit", "0.4", "--json").json["items"].keys() == {"item-07"}


def test_where_nothing_disagrees_a_policy_needs_no_list(federation, runs):
    answer = federation("flaky", runs[0], runs[0], *ASKED, "--json")
    assert (answer.code, answer.json) == (0, None)


def test_a_suite_of_coins_has_to_be_mended(federation, runs):
    for number, path in enumerate(runs):
        path.write_text(json.dumps({"item": "only", "scores": {"accuracy": number % 2}}) + "\n")
    answer = federation("flaky", *runs, *ASKED)
    assert answer.code == 10
    assert "fix the suite" in answer.out


def test_one_run_and_a_suite_without_a_digest_are_no_measurement(federation, runs):
    assert federation("flaky", runs[0], *ASKED).code == 2
    assert federation("flaky", *runs, "--metric", "accuracy", "--suite", "canonical").code == 2
