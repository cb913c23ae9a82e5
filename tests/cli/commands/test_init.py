# SPDX-License-Identifier: Apache-2.0
"""A policy is stored once under its version."""

import json


def _with(policy, path, **changed):
    path.write_text(json.dumps({**json.loads(policy.read_text()), **changed}))
    return path


def test_the_same_policy_again_changes_nothing(federation, new_home, examples):
    again = federation("init", "--policy", examples / "policy.json", "--folder", new_home, "--json")
    assert again.code == 0
    assert again.json["policy"] == "policies/000001"
    assert again.json["active"] is True


def test_another_policy_under_a_taken_version_is_told_to_raise_it(federation, new_home, examples, tmp_path):
    other = _with(examples / "policy.json", tmp_path / "other.json", name="another")
    answer = federation("init", "--policy", other, "--folder", new_home)
    assert answer.code == 4
    assert "raise `version`" in answer.err


def test_the_highest_version_is_in_force(federation, new_home, examples, tmp_path):
    higher = _with(examples / "policy.json", tmp_path / "higher.json", version=7)
    assert federation("init", "--policy", higher, "--folder", new_home).code == 0
    assert federation("status", "--folder", new_home, "--json").json["policy"]["version"] == 7
    lower = _with(examples / "policy.json", tmp_path / "lower.json", version=3)
    assert "policies/000007 stays in force" in federation("init", "--policy", lower, "--folder", new_home).out


def test_a_broken_policy_makes_no_home_and_names_every_fault(federation, examples, tmp_path):
    broken = _with(examples / "policy.json", tmp_path / "broken.json", version="one", org="")
    answer = federation("init", "--policy", broken, "--folder", tmp_path / "home")
    assert answer.code == 2
    assert "$.version" in answer.err
    assert "$.org" in answer.err
    assert not (tmp_path / "home").exists()


def test_a_policy_for_another_channel_would_forget_what_is_in_quarantine(federation, new_home, examples, tmp_path):
    other = _with(examples / "policy.json", tmp_path / "other.json", version=2, channel="canary")
    answer = federation("init", "--policy", other, "--folder", new_home)
    assert answer.code == 2
    assert "this home governs the channel production" in answer.err
    assert federation("status", "--folder", new_home, "--json").json["policy"]["version"] == 1
