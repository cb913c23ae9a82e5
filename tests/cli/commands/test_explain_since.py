# SPDX-License-Identifier: Apache-2.0
"""What does a page about an earlier decision advise, after all that came since?"""

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "a customer calls")


def _explained(federation, folder, subject):
    return federation("explain", subject, "--folder", folder, "--json").json


def test_an_alarm_that_was_stale_is_no_reason_to_stop_promotions(federation, played):
    """Nothing is left to go back to by now, and that is none of its business."""
    told = _explained(federation, played, SECOND)["led_here"]
    (stale,) = [one for one in told if one["why"].startswith("no roll-back: the alarm is about ")]
    page = _explained(federation, played, stale["id"])
    assert page["verdict"] == "no roll-back"
    assert page["next"] == []


def test_nor_is_an_order_to_leave_what_serves_no_longer(federation, own):
    late = federation("rollback", "--from", SECOND, *WHO, "--folder", own, "--json")
    assert late.code == 10
    assert _explained(federation, own, late.json[0]["event"])["next"] == []
    stuck = federation("rollback", "--from", FIRST, *WHO, "--folder", own)
    assert (stuck.code, "To keep anything else from being promoted" in stuck.out) == (10, True)


def test_an_order_tells_what_holds_since(federation, own):
    federation("hold", "--until", "2099-12-01T06:00:00Z", *WHO, "--folder", own)
    assert _explained(federation, own, "govern")["why"][0].startswith("promotions are held until 2099-12-01 06:00:00Z")
    federation("resume", *WHO, "--folder", own)
    page = federation("explain", "govern", "--folder", own).out
    assert "  promotions are resumed\n  eva: a customer calls\n" in page
    assert "What led here" not in page, "the decision is on the page once"


def test_a_page_is_headed_by_as_many_digits_as_a_person_reads(federation, own):
    (forbidden, *_) = federation("status", "--folder", own, "--json").json["quarantine"]
    federation("lift", forbidden["artifact"], *WHO, "--folder", own)
    digits = forbidden["artifact"].removeprefix("sha256:")[:12]
    page = federation("explain", "govern", "--folder", own).out
    assert page.startswith(f"{digits}: ORDER CARRIED OUT\n")
    assert f"{digits} is lifted: releases may contain it again" in page


def test_after_everything_was_lifted_no_bytes_are_refused(federation, promoted_twice):
    federation("rollback", *WHO, "--folder", promoted_twice)
    refused = "the same bytes are refused while they are in quarantine"
    assert refused in federation("explain", "roll_back", "--folder", promoted_twice).out
    for one in federation("status", "--folder", promoted_twice, "--json").json["quarantine"]:
        federation("lift", one["artifact"], *WHO, "--folder", promoted_twice)
    assert refused not in federation("explain", "roll_back", "--folder", promoted_twice).out
    assert federation("promote", SECOND, "--outside-window", *WHO, "--folder", promoted_twice).code == 0
    (step,) = _explained(federation, promoted_twice, "roll_back")["next"]
    assert step.startswith(f"{SECOND} has served again since ")


def test_a_release_that_serves_in_spite_of_a_quarantine_says_so(federation, own):
    federation("quarantine", "spiralverse/embedder-v1", *WHO, "--folder", own)
    lift, rollback = _explained(federation, own, "v1.0.0")["next"]
    assert lift.startswith("spiralverse/embedder-v1 is in quarantine")
    assert rollback.startswith("It serves nevertheless; to leave it: federation rollback ")


def test_every_lift_that_a_release_offers_can_be_typed(federation, own):
    offered = _explained(federation, own, "v1.0.1")["next"]
    assert len(offered) == 4
    for step in offered:
        words = (
            step.partition("federation lift ")[2].replace("YOU", "eva").replace("'WHAT WAS WRONG'", "nothing").split()
        )
        assert federation("lift", *words, "--folder", own).code == 0


def test_a_program_learns_what_the_verdict_is_about(federation, played):
    page = _explained(federation, played, "roll_back")
    assert page["subject"].endswith(":alarm:production-error-rate")
    assert (page["about"], page["verdict"]) == (SECOND, "rolled back")
    assert _explained(federation, played, "v1.0.1")["about"] == SECOND


def test_a_step_that_was_never_asked_is_known_all_the_same(federation, played):
    answer = federation("explain", "launch", "--folder", played)
    assert (answer.code, answer.err) == (3, "federation: launch has decided nothing in this home yet\n")
