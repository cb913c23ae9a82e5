# SPDX-License-Identifier: Apache-2.0
"""A policy is stored once under its version."""

import json

from tests.cli.tampering import damaged

from federation.cli.home.opened import opened
from federation.core import names
from federation.core.digest import canonical

EVA = ("--who", "eva", "--why", "fewer false alarms")


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
    answer = federation("init", "--policy", other, *EVA, "--folder", new_home)
    assert answer.code == 4
    assert "increase `version`" in answer.err


def test_the_highest_version_is_in_force(federation, new_home, examples, tmp_path):
    higher = _with(examples / "policy.json", tmp_path / "higher.json", version=7)
    assert federation("init", "--policy", higher, *EVA, "--folder", new_home).code == 0
    assert federation("status", "--folder", new_home, "--json").json["policy"]["version"] == 7
    lower = _with(examples / "policy.json", tmp_path / "lower.json", version=3)
    assert "policies/000007 stays in force" in federation("init", "--policy", lower, *EVA, "--folder", new_home).out


def test_a_broken_policy_makes_no_home_and_names_every_fault(federation, examples, tmp_path):
    broken = _with(examples / "policy.json", tmp_path / "broken.json", version="one", org="")
    answer = federation("init", "--policy", broken, "--folder", tmp_path / "home")
    assert answer.code == 2
    assert "$.version" in answer.err
    assert "$.org" in answer.err
    assert not (tmp_path / "home").exists()


def test_a_policy_for_another_channel_would_forget_what_is_in_quarantine(federation, new_home, examples, tmp_path):
    other = _with(examples / "policy.json", tmp_path / "other.json", version=2, channel="canary")
    answer = federation("init", "--policy", other, *EVA, "--folder", new_home)
    assert answer.code == 2
    assert "this home governs the channel production" in answer.err
    assert federation("status", "--folder", new_home, "--json").json["policy"]["version"] == 1


def test_whoever_changes_the_rules_says_who_and_why_and_it_is_found_again(
    federation, new_home, examples, tmp_path, monkeypatch
):
    monkeypatch.delenv("FEDERATION_WHO", raising=False)
    second = _with(examples / "policy.json", tmp_path / "second.json", version=2, rollback={"settle_seconds": 600})
    for unsaid in ((), ("--who", "eva"), ("--why", "x"), ("--who", " ", "--why", "x")):
        answer = federation("init", "--policy", second, *unsaid, "--folder", new_home)
        assert (answer.code, "--why" in answer.err or "must not be empty" in answer.err) == (2, True)
    assert federation("status", "--folder", new_home, "--json").json["policy"]["version"] == 1

    stored = federation("init", "--policy", second, *EVA, "--folder", new_home)
    assert "eva stored version 2 of the policy: fewer false alarms" in stored.out
    page = federation("explain", "policy", "--folder", new_home, "--json").json
    assert page["facts"]["version 2"].endswith("by eva: fewer false alarms")
    (order,) = federation("orders", "--who", "eva", "--folder", new_home, "--json").json
    assert (order["order"], order["about"], order["refused"]) == ("policy.ordered", "policies/000002", False)
    assert federation("intact", "--folder", new_home).code == 0


def test_the_same_policy_again_needs_no_reason_and_takes_a_late_one(federation, new_home, examples):
    assert (
        federation("init", "--policy", examples / "policy.json", "--folder", new_home, "--json").json["happened"] == []
    )
    late = federation("init", "--policy", examples / "policy.json", *EVA, "--folder", new_home, "--json").json
    assert [one["why"] for one in late["happened"]] == ["eva stored version 1 of the policy: fewer false alarms"]


def test_a_reason_without_a_name_is_not_dropped_in_silence(federation, tmp_path, examples, monkeypatch):
    monkeypatch.delenv("FEDERATION_WHO", raising=False)
    answer = federation(
        "init", "--policy", examples / "policy.json", "--why", "the board", "--folder", tmp_path / "home"
    )
    assert (answer.code, (tmp_path / "home").exists()) == (2, False)


def test_a_folder_has_no_dates_and_none_is_made_up(federation, new_home):
    facts = federation("explain", "policy", "--folder", new_home, "--json").json["facts"]
    assert facts.keys() == {"digest"}


def test_a_damaged_note_of_who_stored_it_hides_no_policy(federation, new_home, examples):
    federation("init", "--policy", examples / "policy.json", *EVA, "--folder", new_home)
    damaged(new_home, "policy-orders/%", b"{}")
    assert federation("explain", "policy", "--folder", new_home).code == 0
    assert "policy-orders/000001/" in federation("intact", "--folder", new_home).out


def _misspelt(policy, path, **changed):
    """The policy, in which a never-event is listed under a name that no gate reads."""
    document = json.loads(policy.read_text())
    document["gates"]["embedder"]["safety"]["nevers"] = ["weapons"]
    path.write_text(json.dumps({**document, **changed}))
    return path


def test_a_misspelt_rule_is_not_stored(federation, new_home, examples, tmp_path):
    policy = _misspelt(examples / "policy.json", tmp_path / "second.json", version=2)
    answer = federation("init", "--policy", policy, *EVA, "--folder", new_home)
    assert answer.code == 2
    assert "gates.embedder.safety.nevers; did you mean `never`?" in answer.err
    assert federation("status", "--folder", new_home, "--json").json["policy"]["version"] == 1


def test_a_first_policy_that_is_refused_leaves_no_home(federation, examples, tmp_path):
    policy, home = _misspelt(examples / "policy.json", tmp_path / "first.json"), tmp_path / "home"
    answer = federation("init", "--policy", policy, "--folder", home)
    assert (answer.code, home.exists()) == (2, False)
    assert "gates.embedder.safety.nevers; did you mean `never`?" in answer.err


def test_a_field_that_is_no_misspelling_is_stored_with_a_warning(federation, examples, tmp_path):
    policy = _with(examples / "policy.json", tmp_path / "noted.json", x_ticket="OPS-7")
    typed = ("init", "--policy", policy, "--folder", tmp_path / "home")
    answer = federation(*typed)
    assert answer.code == 0
    warning = "`x_ticket` is not a field of a policy and has no effect"
    assert warning in answer.out
    assert federation(*typed, "--json").json["unknown_fields"] == [warning]


def test_a_misspelt_rule_that_is_in_force_is_no_obstacle_to_the_next_version(federation, new_home, examples, tmp_path):
    with opened(new_home) as home:  # an earlier release of this command stored it
        stored = _misspelt(examples / "policy.json", tmp_path / "second.json", version=2)
        home.ports.store.keep(names.policy(2), canonical(json.loads(stored.read_text())))
    again = federation("init", "--policy", stored, *EVA, "--folder", new_home)
    assert again.code == 0
    third = _misspelt(examples / "policy.json", tmp_path / "third.json", version=3)
    answer = federation("init", "--policy", third, *EVA, "--folder", new_home, "--json")
    assert answer.code == 0
    assert "did you mean `never`?" in answer.json["unknown_fields"][0]
    assert federation("policy", "--folder", new_home).json["version"] == 3
    assert "did you mean `never`?" in federation("policy", "--folder", new_home).err
