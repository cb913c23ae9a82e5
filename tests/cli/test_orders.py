# SPDX-License-Identifier: Apache-2.0
"""A person gives orders, and the home does them or says why not."""

import pytest

from federation.demo.show import staged
from federation.demo.story import first_week, second_week

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


def test_resuming_what_nobody_holds_is_refused(federation, own):
    answer = federation("resume", *WHO, "--folder", own)
    assert answer.code == 10
    assert "nobody holds promotions" in answer.out


def test_what_was_left_in_a_roll_back_is_not_promoted_again(federation, own):
    answer = federation("promote", SECOND, *WHO, "--outside-window", "--folder", own)
    assert answer.code == 10
    assert _channel(federation, own)["releases"][0]["name"] == FIRST


def test_only_another_release_that_is_kept_ready_becomes_the_anchor(federation, own):
    answer = federation("anchor", FIRST, *WHO, "--folder", own)
    assert answer.code == 10
    assert f"{FIRST} is the anchor already" in answer.out
    answer = federation("anchor", SECOND, *WHO, "--folder", own)
    assert answer.code == 10
    assert f"{SECOND} is not kept ready; those that are: {FIRST}" in answer.out


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


def test_what_is_no_name_and_no_digest_is_said_so(federation, own):
    assert federation("quarantine", "everything!", *WHO, "--folder", own).code == 2


def test_lifting_what_is_not_in_quarantine_is_refused(federation, own):
    answer = federation("lift", "sha256:" + "0" * 64, *WHO, "--folder", own)
    assert answer.code == 10
    assert "not in quarantine" in answer.out


def test_an_approval_is_written_down_with_who_and_why(federation, own):
    answer = federation("approve", SECOND, *WHO, "--folder", own, "--json")
    assert answer.code == 0
    assert answer.json[0]["documents"][0].startswith(f"approvals/{SECOND}/")


def test_approving_what_is_not_there_is_refused(federation, own):
    assert federation("approve", "spiralverse-ai-federated-v9.9.9", *WHO, "--folder", own).code == 10


def test_a_roll_back_without_anything_stable_left_says_that_a_person_has_to_act(federation, own):
    answer = federation("rollback", *WHO, "--folder", own)
    assert answer.code == 10
    assert "a person has to act now" in answer.out


def test_a_roll_back_is_ordered_while_promotions_are_held(federation, promoted_twice):
    federation("hold", *WHO, "--folder", promoted_twice)
    answer = federation("rollback", *WHO, "--folder", promoted_twice)
    assert answer.code == 0
    assert _channel(federation, promoted_twice)["releases"][0]["name"] == FIRST


@pytest.fixture
def promoted_twice(tmp_path, examples):
    """The demo's home before the alarm."""
    with staged(tmp_path / "twice", examples) as stage:
        assert [*first_week(stage), *second_week(stage)]
    return tmp_path / "twice"


def test_an_order_without_a_reason_is_not_taken(federation, own):
    assert federation("hold", "--who", "eva", "--folder", own).code == 2
    blank = federation("hold", "--who", "eva", "--why", " ", "--folder", own)
    assert blank.code == 10
    assert "an order needs why" in blank.out
