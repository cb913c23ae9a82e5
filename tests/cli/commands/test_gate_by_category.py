# SPDX-License-Identifier: Apache-2.0
"""A policy that bounds categories: the real records of the examples, before they are sent anywhere."""

import json

import pytest


@pytest.fixture
def judged(federation, examples, tmp_path):
    """The second embedder against the first, with margins for its categories."""

    def gate(*how, **margins):
        document = json.loads((examples / "policy.json").read_text("utf-8"))
        document["gates"]["embedder"]["quality"][0]["categories"] = margins
        policy = tmp_path / "policy.json"
        policy.write_text(json.dumps(document), "utf-8")
        later, serving = examples / "later/gcp_manifest.json", examples / "gcp_manifest.json"
        return federation("gate", later, "--policy", policy, "--baseline", serving, *how)

    return gate


def test_every_category_that_serves_is_held(judged):
    answer = judged(**{"*": "0.08"})
    assert answer.code == 0
    told = " ".join(answer.out.split())
    assert "pass quality: ndcg in 'networkx' rose by 0.00281 against the baseline on 153 shared items" in told
    assert "pass quality: ndcg in 'statsmodels'" in told


def test_a_category_that_cannot_be_held_keeps_the_unit_out_and_has_a_remedy(judged):
    answer = judged("--json", networkx="0.02")
    assert answer.code == 10
    embedder = next(one for one in answer.json["reports"] if one["unit"]["kind"] == "embedder")
    assert embedder["verdict"] == "inconclusive"
    (networkx,) = [one for one in embedder["findings"] if one["verdict"] != "pass"]
    assert networkx["check"] == "ndcg in 'networkx' against baseline"
    assert networkx["would_have_passed"] == ["Any margin above 0.0268 would have been enough; the policy allows 0.02."]


def test_a_name_that_nobody_uses_is_told_with_those_that_are(judged):
    answer = judged(sympy="0.05")
    assert answer.code == 10
    assert "is in category 'sympy'; there are 'networkx', 'sklearn', 'statsmodels'" in " ".join(answer.out.split())
