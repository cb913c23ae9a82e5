# SPDX-License-Identifier: Apache-2.0
"""The rules have to change at night, and nobody has the file from which they were stored."""

import json

import pytest
from tests.cli.tampering import damaged

EVA = ("--who", "eva", "--why", "the old margins again")


@pytest.fixture
def changed(federation, new_home, examples, tmp_path):
    """A home in which version 2 has other rules than version 1."""
    rules = {**json.loads((examples / "policy.json").read_bytes()), "version": 2}
    (tmp_path / "second.json").write_text(json.dumps({**rules, "promotion": {"approvals": 2, "warm": 2}}))
    assert federation("init", "--policy", tmp_path / "second.json", *EVA, "--folder", new_home).code == 0
    return new_home


def test_what_is_in_force_is_printed_whole(federation, changed, tmp_path):
    stored = json.loads((tmp_path / "second.json").read_bytes())
    assert federation("policy", "--folder", changed).json == stored
    assert federation("explain", "policy", "--folder", changed, "--json").json["content"] == stored


def test_back_to_earlier_rules_by_what_the_page_says(federation, changed, examples, tmp_path):
    page = federation("explain", "policy", "--folder", changed)
    assert f"the same with their content: federation policy --folder {changed} 1 > policy.json" in page.out
    first = federation("policy", "1", "--folder", changed).json
    assert first == json.loads((examples / "policy.json").read_bytes())
    refused = tmp_path / "policy.json"
    refused.write_text(json.dumps({**first, "version": 2}))
    assert federation("init", "--policy", refused, *EVA, "--folder", changed).code == 4
    refused.write_text(json.dumps({**first, "version": 3}))
    assert federation("init", "--policy", refused, *EVA, "--folder", changed).code == 0
    why = federation("explain", "policy", "--folder", changed, "--json").json["why"]
    assert why[0] == "version 3: promotion.approvals: was 2, is 0"


def test_a_version_that_is_not_there_is_told_apart_from_one_that_is_damaged(federation, changed):
    missing = federation("policy", "7", "--folder", changed)
    assert (missing.code, missing.out) == (3, "")
    assert "version 7 of the policy is not stored" in missing.err
    damaged(changed, "policies/000001", b"{")
    answer = federation("policy", "1", "--folder", changed)
    assert (answer.code, answer.out) == (2, "")
    assert "policies/000001" in answer.err


def test_a_rule_that_a_version_lost_is_told_as_it_stands_in_the_policy(federation, new_home, examples, tmp_path):
    rules = json.loads((examples / "policy.json").read_bytes())
    alarms = {**rules["rollback"], "alarms": {"queue-depth": "tell"}}
    for version, rollback in ((2, alarms), (3, rules["rollback"])):
        (tmp_path / "next.json").write_text(json.dumps({**rules, "version": version, "rollback": rollback}))
        assert federation("init", "--policy", tmp_path / "next.json", *EVA, "--folder", new_home).code == 0
    lost, got = federation("explain", "policy", "--folder", new_home, "--json").json["why"]
    assert lost == 'version 3: rollback.alarms: was {"queue-depth": "tell"}, is absent'
    assert got == 'version 2: rollback.alarms: was absent, is {"queue-depth": "tell"}'
