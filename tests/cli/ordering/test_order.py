# SPDX-License-Identifier: Apache-2.0
"""A person gives orders, and the home does them or says why not."""

import json
import re
import time

import pytest

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "the demo asks for it")


def _channel(federation, folder):
    return federation("status", "--folder", folder, "--json").json


def test_a_held_promotion_goes_ahead_when_it_is_resumed(federation, own):
    assert federation("hold", *WHO, "--folder", own).code == 0
    assert _channel(federation, own)["hold"]["who"] == "eva"
    assert federation("resume", *WHO, "--folder", own).code == 0
    assert _channel(federation, own)["hold"] is None


def test_a_hold_ends_at_the_moment_it_names(federation, own):
    answer = federation("hold", "--until", "2099-12-01T06:00:00+02:00", *WHO, "--folder", own)
    assert "held until 2099-12-01 04:00:00Z, or until somebody resumes them" in answer.out
    assert _channel(federation, own)["hold"]["until"] == "2099-12-01T04:00:00Z"
    assert "until 2099-12-01 04:00:00Z: the demo asks for it" in federation("status", "--folder", own).out
    over = federation("hold", "--until", "2026-01-01T00:00:00Z", *WHO, "--folder", own)
    assert (over.code, "name a later time" in over.out) == (10, True)
    assert federation("hold", "--until", "tomorrow", *WHO, "--folder", own).code == 2


def test_resuming_what_nobody_holds_is_refused(federation, own):
    answer = federation("resume", *WHO, "--folder", own)
    assert answer.code == 10
    assert "promotions are not held" in answer.out


def test_what_was_left_in_a_roll_back_is_not_promoted_again(federation, own):
    answer = federation("promote", SECOND, *WHO, "--outside-window", "--folder", own)
    assert answer.code == 10
    assert _channel(federation, own)["releases"][0]["name"] == FIRST


def test_only_another_release_that_is_kept_ready_becomes_the_anchor(federation, own):
    answer = federation("anchor", FIRST, *WHO, "--folder", own)
    assert answer.code == 10
    assert f"{FIRST} is already the anchor" in answer.out
    answer = federation("anchor", SECOND, *WHO, "--folder", own)
    assert answer.code == 10
    assert f"{SECOND} is not kept ready; the releases kept ready: {FIRST}" in answer.out


def test_a_unit_is_forbidden_by_its_name_and_allowed_by_the_first_digits_of_its_artifact(federation, own):
    forbidden = federation("quarantine", "spiralverse/policy-adapter-v1", *WHO, "--folder", own)
    assert forbidden.code == 0
    (one,) = [one for one in _channel(federation, own)["quarantine"] if "policy-adapter-v1" in one["unit"]]
    assert one["why"] == "the demo asks for it"
    digits = one["artifact"].removeprefix("sha256:")[:12]
    assert federation("lift", digits, *WHO, "--folder", own).code == 0
    assert one["artifact"] not in [left["artifact"] for left in _channel(federation, own)["quarantine"]]


def test_a_unit_that_never_came_cannot_be_forbidden(federation, own):
    answer = federation("quarantine", "spiralverse/policy-adapter-v77", *WHO, "--folder", own)
    assert answer.code == 3
    assert "policy-adapter-v77" in answer.err


@pytest.mark.parametrize("order", ["quarantine", "lift"])
@pytest.mark.parametrize("written", ["everything!", "nosuch"])
def test_what_is_no_name_and_no_digest_is_said_so_and_no_document_is_to_be_mended(federation, own, order, written):
    answer = federation(order, written, *WHO, "--folder", own)
    assert answer.code == 2
    assert f"{written!r} is neither a unit's name" in answer.err
    assert f"federation {order} --help" in answer.err
    assert "Correct the document" not in answer.err


@pytest.mark.parametrize("order", ["quarantine", "lift"])
def test_a_few_digits_name_no_artifact(federation, own, order):
    before = _channel(federation, own)["channel"]
    digits = _channel(federation, own)["quarantine"][0]["artifact"].removeprefix("sha256:")[:7]
    answer = federation(order, digits, *WHO, "--folder", own)
    assert answer.code == 2
    assert "8 or more" in answer.err
    assert _channel(federation, own)["channel"] == before


def test_eight_digits_name_an_artifact_that_has_come(federation, own):
    units = _channel(federation, own)["units"]
    (one,) = [one for one in units if one["name"] == "spiralverse/policy-adapter-v1"]
    digits = one["artifact"].removeprefix("sha256:")[:8]
    answer = federation("quarantine", digits.upper(), *WHO, "--folder", own, "--json")
    assert answer.code == 0
    assert answer.json[0]["subject"] == "spiralverse/policy-adapter-v1"
    assert federation("quarantine", "0" * 8, *WHO, "--folder", own).code == 3


def test_any_unit_of_an_artifact_lifts_it_and_all_of_them_are_named(federation, own):
    answer = federation("lift", "spiralverse/textgen-lora-v3", *WHO, "--folder", own)
    assert answer.code == 0
    (one,) = [line for line in answer.out.splitlines() if line.startswith("govern")]
    assert "(textgen-lora-v2, -v3) is lifted: releases may contain it again; eva: the demo asks for it" in one
    assert federation("lift", "spiralverse/textgen-lora-v1", *WHO, "--folder", own).code == 3


def test_what_holds_after_each_order_is_said(federation, own):
    told = {
        "hold": "promotions are held until somebody resumes them; eva: the demo asks for it",
        "resume": "promotions are resumed; eva: the demo asks for it",
        "quarantine spiralverse/embedder-v1": "(embedder-v1) is in quarantine: no release may contain it; eva: the demo",
    }
    for order, words in told.items():
        answer = federation(*order.split(), *WHO, "--folder", own)
        assert words in answer.out, order
    (one,) = federation("hold", "--who", "bo", "--why", "tired", "--folder", own, "--json").json
    assert (one["holds"], one["why"]) == (
        "promotions are held until somebody resumes them",
        "bo: tired",
    )
    assert federation("resume", "--who", "bo", "--why", "rested", "--folder", own).code == 0
    assert federation("resume", "--who", "bo", "--why", "again", "--folder", own, "--json").json[0]["holds"] is None


def test_lifting_what_is_not_in_quarantine_is_refused(federation, own):
    answer = federation("lift", "sha256:" + "0" * 64, *WHO, "--folder", own)
    assert answer.code == 10
    assert "not in quarantine" in answer.out


def test_an_approval_is_written_down_with_who_and_why(federation, own):
    answer = federation("approve", SECOND, *WHO, "--folder", own, "--json")
    assert answer.code == 0
    assert answer.json[0]["documents"][0].startswith(f"approvals/{SECOND}/")


@pytest.mark.parametrize("order", ["approve", "promote", "anchor"])
def test_a_release_that_is_not_there_is_missing_and_nothing_is_ordered(federation, own, order):
    last = federation("explain", "last", "--folder", own).out
    answer = federation(order, "spiralverse-ai-federated-v9.9.9", *WHO, "--folder", own)
    assert answer.code == 3
    assert "there is no release 'spiralverse-ai-federated-v9.9.9'\n" in answer.err
    assert f"`federation releases --folder {own}` lists them." in answer.err
    assert federation("explain", "last", "--folder", own).out == last


def test_a_roll_back_without_anything_stable_left_says_what_a_person_can_do(federation, own):
    answer = federation("rollback", *WHO, "--folder", own)
    assert answer.code == 10
    assert "no stable release is left" in answer.out
    told = answer.out.partition("What can be done")[2].replace(f" --folder {own}", "")
    for command in ("federation promote RELEASE --outside-window", "federation tick merge", "federation hold"):
        assert command in told
    (one,) = federation("rollback", "--who", "bo", "--why", "again", "--folder", own, "--json").json
    later = federation("explain", one["event"], "--folder", own, "--json").json
    assert all(line in told for line in later["next"])
    assert len(later["next"]) == len(told.strip().splitlines())


def test_the_way_back_by_lifting_goes(federation, own):
    for one in _channel(federation, own)["quarantine"]:
        digits = one["artifact"].removeprefix("sha256:")[:12]
        assert digits in federation("rollback", *WHO, "--folder", own).out
        assert federation("lift", digits, *WHO, "--folder", own).code == 0
    assert federation("promote", SECOND, "--outside-window", *WHO, "--folder", own).code == 0
    assert _channel(federation, own)["releases"][0]["name"] == SECOND


def test_a_roll_back_is_ordered_while_promotions_are_held(federation, promoted_twice):
    federation("hold", *WHO, "--folder", promoted_twice)
    answer = federation("rollback", *WHO, "--folder", promoted_twice)
    assert answer.code == 0
    assert _channel(federation, promoted_twice)["releases"][0]["name"] == FIRST


def test_a_variable_without_a_value_never_means_any_release_nor_for_ever(federation, promoted_twice):
    before = _channel(federation, promoted_twice)
    for words in (("rollback", "--to", ""), ("rollback", "--from="), ("promote", ""), ("hold", "--until", "")):
        answer = federation(*words, *WHO, "--folder", promoted_twice)
        assert (answer.code, "has no value" in answer.err) == (2, True), words
    assert _channel(federation, promoted_twice) == before
    assert federation("hold", "--who=ada", "--why=p95 rose to >=", "--folder", promoted_twice).code == 0


def test_a_release_that_never_was_is_told_before_anything_is_ordered(federation, promoted_twice):
    for option in ("--to", "--from"):
        answer = federation("rollback", option, "v9", *WHO, "--folder", promoted_twice)
        assert (answer.code, "there is no release 'v9'" in answer.err) == (3, True)


def test_what_is_taken_back_and_given_again_within_a_second_is_given(federation, own):
    for order, held in (("hold", True), ("resume", False)) * 4:
        assert federation(order, *WHO, "--folder", own).code == 0
        assert (_channel(federation, own)["hold"] is not None) == held


def test_the_release_that_serves_is_not_asked_to_be_merged_again(federation, promoted_twice):
    answer = federation("promote", SECOND, "--outside-window", *WHO, "--folder", promoted_twice)
    assert answer.code == 10
    assert "it already serves" in answer.out
    assert "tick merge" not in answer.out


def test_whoever_lifts_under_another_policy_is_told_that_the_release_does_not_come_back_by_itself(
    federation, promoted_twice, examples, tmp_path
):
    home = ("--folder", promoted_twice)
    assert federation("rollback", *WHO, *home).code == 0
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({**json.loads((examples / "policy.json").read_bytes()), "version": 2}), "utf-8")
    assert federation("init", "--policy", policy, *WHO, *home).code == 0
    forbidden = [one["artifact"] for one in _channel(federation, promoted_twice)["quarantine"]]
    *_, answer = [federation("lift", artifact, *WHO, *home) for artifact in forbidden]
    assert (
        f"{SECOND}, which a roll-back left, is not promoted automatically: it was assembled under version 1"
        in answer.out
    )
    assert "under this policy: federation tick" in answer.out


def test_whoever_lifts_what_a_roll_back_left_is_told_that_its_release_comes_back(federation, promoted_twice):
    assert federation("rollback", *WHO, "--folder", promoted_twice).code == 0
    forbidden = _channel(federation, promoted_twice)["quarantine"]
    *others, last = [one["artifact"] for one in forbidden]
    for artifact in others:
        federation("lift", artifact, *WHO, "--folder", promoted_twice)
    answer = federation("lift", last, *WHO, "--folder", promoted_twice)
    assert f"{SECOND}, which a roll-back left, will be promoted again by the next tick in the window" in answer.out
    assert "federation hold" in answer.out
    assert _channel(federation, promoted_twice)["candidate"]["name"] == SECOND


def test_an_order_without_a_reason_is_not_taken(federation, own):
    assert federation("hold", "--who", "eva", "--folder", own).code == 2
    for blank in (("--who", "eva", "--why", " "), ("--who", "  ", "--why", "it is needed")):
        answer = federation("rollback", *blank, "--folder", own)
        assert answer.code == 2
        assert "it is recorded with the order" in answer.err


def test_an_order_typed_twice_within_a_second_counts_once_and_says_so(federation, own):
    time.sleep(1 - time.time() % 1)
    first, second = (federation("approve", SECOND, *WHO, "--folder", own) for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert "already given" not in first.err
    assert re.search(r"the same order was already given at \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ; it counts once", second.err)
    assert len(federation("orders", "--folder", own, "--json").json) == 1
