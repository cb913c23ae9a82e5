# SPDX-License-Identifier: Apache-2.0
"""How many calls each function makes today: fewer is welcome, more has to be meant."""

import pytest
from bench.ledger import Call

from bench import calls, cloud_walk, ledger, prices
from federation.core import event as events


@pytest.fixture(scope="module")
def six():
    return calls.walked("six")


@pytest.fixture(scope="module")
def inline():
    return calls.walked("three", inline=True)


def heaviest(run, function):
    return ledger.counted(calls.most(calls.warm(run, function)).calls)


def test_no_function_makes_more_calls_than_today(six):
    today = {"receive": 2, "validate": 5, "gate": 4, "fuse": 24, "promote": 8, "roll_back": 6}
    assert {name: heaviest(six, name) for name, most in today.items() if heaviest(six, name) > most} == {}


def test_a_completion_is_received_in_one_claim_and_one_announcement(six):
    told = [one for one in calls.warm(six, "receive") if one.part == cloud_walk.SECOND]
    assert [ledger.others(one.calls) for one in told if one.heard == "lambda:eventbridge"] == [2, 2, 2]


def test_a_unit_is_validated_by_its_version_what_became_of_it_and_one_announcement(six):
    told = [one for one in calls.warm(six, "validate") if not ledger.listing(one.calls)]
    assert [[call.method for call in one.calls if call.port != "artifacts"] for one in told] == [
        ["keep", "keep", "claim", "announce"],  # two units
        ["keep", "keep", "claim", "announce"],
    ]


def test_a_unit_is_judged_by_one_read_of_the_channel_one_of_the_unit_its_report_and_one_announcement(six):
    told = [one for one in calls.warm(six, "gate") if one.heard == events.UNIT_ACCEPTED]
    asked = [[call.method for call in one.calls if call.port != "artifacts"] for one in told]
    assert asked == [["channel", "read", "claim", "announce"]] * 6


def test_a_merge_reads_one_document_a_unit(six):
    (merge,) = calls.warm(six, "fuse")
    read = [call.on.split("/")[0] for call in merge.calls if call.method == "read" and call.port == "store"]
    assert sorted(read) == ["merges", *["reports"] * 6, *["versions"] * 2]


def test_a_roll_back_reads_the_channel_and_moves_it_before_all_else(six):
    everything, moved = calls.to_the_move(six)
    assert everything - moved == 2
    assert moved == 2


def test_after_the_move_a_roll_back_asks_for_the_policies_it_did_not_wait_for(six):
    rolled = calls.most(calls.warm(six, "roll_back"))
    assert [call.method for call in rolled.calls] == ["channel", "move", "keep", "shift", "announce", "names"]


def test_inline_nothing_stands_between_the_alarm_and_the_move(inline):
    assert calls.to_the_move(inline) == (2, 2)


def test_duplicates_make_two_calls_at_most(six):
    assert {name: count for name, count in calls.duplicates(six).items() if count > 2} == {}


def test_a_duplicate_reads_no_evidence_again_except_the_ballots_of_a_merge(six):
    again = [one for one in six if one.part == cloud_walk.AGAIN and one.heard != events.TICK_MERGE]
    assert sum(ledger.evidence(one.calls) for one in again) == 0


def test_a_release_takes_no_more_calls_inline_than_today(inline):
    run = calls.until_promoted(inline)
    assert sum(ledger.others(one.calls) for one in run) <= 50


def test_inline_only_what_no_step_hears_goes_to_the_bus(inline):
    run = calls.until_promoted(inline)
    announced = [call.on for one in run for call in one.calls if call.port == "bus"]
    assert announced == [events.RELEASE_ASSEMBLED]


def test_a_call_is_billed_by_its_operations_events_and_waiting():
    told = [
        Call(port="store", method="claim", on="events/1", operations=("PutObject",)),
        Call(port="bus", method="announce", on="tick", operations=("PutEvents",), events=2),
    ]
    waiting = 0.035 * 1e6 * prices.LAMBDA_GB_SECOND * 0.5
    assert prices.dollars("receive", "lambda:scheduler", told) == pytest.approx(5.0 + 2.0 + 0.2 + waiting)
    queued = prices.dollars("receive", "lambda:eventbridge", told) - prices.dollars("receive", "lambda:scheduler", told)
    assert queued == pytest.approx(3 * 0.4)
