# SPDX-License-Identifier: Apache-2.0
"""What a policy, a person or a misfortune can do beside the usual course: one short story for each."""

import json
import random

import pytest
from tests.simulation.stories import ALARM, CALM, FIRST, SECOND, announced, promoted, serving

from federation.core import event as events
from federation.core import names
from federation.core.failure import is_turned_away
from federation.simulation.actions import (
    Activate,
    Alarm,
    Approve,
    Ask,
    Elsewhere,
    Finale,
    Hub,
    Letters,
    Order,
    Settle,
    Ship,
    Tick,
    Wait,
)
from federation.simulation.chaos import Chaos
from federation.simulation.play import play
from federation.simulation.played import WAYS
from federation.simulation.policies import Terms
from federation.simulation.promises import broken
from federation.simulation.story import WEEK

NIGHT = [Wait(until=WEEK + 1440), Tick(what="sweep"), Settle()]


def serving_units(played):
    """The names of the units in the serving release."""
    release = played.world.document(names.release(serving(played)["name"]))
    return [unit["name"] for unit in release["units"].values()]


def merged(*shipped, week=WEEK):
    """Those units are merged in that week, and the window opens."""
    return [Wait(until=week), *shipped, Settle(), Wait(until=week + 60), Tick(what="merge"), Settle(), *promoted(week)]


@pytest.mark.parametrize("way", WAYS)
def test_names_that_another_home_took_are_passed_over_and_told_of(way):
    taken = [*FIRST[:4], Elsewhere(count=3), *FIRST[4:]]
    for seed in range(6):
        played = play(taken, Chaos(drawn=random.Random(seed)), way)
        assert serving(played)["name"].endswith("v1.0.3")
        assert broken(played, play(taken, CALM)) == ()
        refused = {
            event.subject[-6:] for event in announced(played, events.PROMOTION_HELD) if "published" in event.data["why"]
        }
        assert refused == {"v1.0.0", "v1.0.1", "v1.0.2"}


def test_where_every_pass_makes_a_merge_nobody_needs_a_tick():
    shipped = [action for action in FIRST if action != Tick(what="merge")]
    assert serving(play([Activate(terms=Terms(on_pass=True)), *shipped], CALM))["units"].keys() == {
        "textgen-lora",
        "embedder",
        "runtime-distilled",
    }
    assert play(shipped, CALM).world.channel() is None


def test_a_kind_of_ones_own_serves_under_the_contract_that_its_policy_declares():
    ships = merged(Ship(kind="reranker", number=1, quality="good"))
    assert "reranker" not in serving(play([*FIRST, *ships], CALM))["units"]
    own = play([Activate(terms=Terms(own=True)), *FIRST, *ships], CALM)
    assert serving(own)["name"].endswith("v1.1.0")
    assert "reranker" in serving(own)["units"]
    other = merged(Ship(kind="reranker", number=2, quality="changed"), week=2 * WEEK)
    assert serving(play([Activate(terms=Terms(own=True)), *FIRST, *ships, *other], CALM))["name"].endswith("v1.1.0")


@pytest.mark.parametrize(("major", "name"), [(False, "v1.0.0"), (True, "v2.0.0")])
def test_a_contract_that_changed_needs_the_policys_consent_to_a_major(major, name):
    ships = merged(Ship(kind="embedder", number=2, quality="changed"))
    played = play([Activate(terms=Terms(major=major)), *FIRST, *ships], CALM)
    assert serving(played)["name"].endswith(name)
    assert broken(played, played) == ()


def test_a_month_has_money_for_some_jobs_and_says_so_of_the_others():
    asked = [Wait(until=WEEK), *(Ask() for _ in range(7)), Settle()]
    for seed in range(4):
        chaos = Chaos(drawn=random.Random(seed))
        played = play([Activate(terms=Terms(jobs=True, budget=True)), *FIRST, *asked, *NIGHT], chaos)
        refused = [event for event in announced(played, events.JOB_REFUSED) if " left for " in event.data["why"]]
        assert refused
        assert broken(played, None) == ()


@pytest.mark.parametrize("way", WAYS)
def test_one_slow_unit_is_distilled_once_and_what_comes_of_it_serves_next(way):
    slow = merged(Ship(kind="embedder", number=2, quality="leisurely"))
    third = [*promoted(2 * WEEK - 10), *merged(week=2 * WEEK)]
    ends = set()
    for seed in range(6):
        chaos = Chaos(drawn=random.Random(seed))
        played = play([Activate(terms=Terms(jobs=True, distils=True)), *FIRST, *slow, *NIGHT, *third], chaos, way)
        jobs = [json.loads(described[0]) for described in played.world.trainer.started.values()]
        assert len({job["asked_by"] for job in jobs if "teacher" in job}) == 1
        assert broken(played, None) == ()
        ends.add(len(played.world.store.names(f"{names.VERSIONS}runtime-distilled/")))
    assert ends <= {1, 2}


@pytest.mark.parametrize("way", WAYS)
def test_a_job_that_finds_no_machine_runs_at_the_next_place(way):
    asked = [Wait(until=WEEK), *(Ask() for _ in range(8)), Settle()]
    for seed in range(6):
        chaos = Chaos(drawn=random.Random(seed), full=0.4)
        played = play([Activate(terms=Terms(jobs=True)), *FIRST, *asked, *NIGHT], chaos, way)
        ends = [played.world.document(name) for name in played.world.store.names(names.FAILED_JOBS)]
        started = {name: json.loads(told[0]) for name, told in played.world.trainer.started.items()}
        elsewhere = {name: job for name, job in started.items() if "turned_away" in job and "instead_of" not in job}
        assert played.world.store.names(names.TURNED_AWAY_JOBS)
        assert elsewhere.keys() == {end["followed_by"] for end in ends if is_turned_away(end["failure"])} - {None}
        assert {(*job["turned_away"], job["price"]) for job in elsewhere.values()} == {("aws spot", "3")}
        assert len({job["asked_by"] for job in started.values()}) == 8
        assert broken(played, None) == ()


@pytest.mark.parametrize("way", WAYS)
def test_what_was_given_up_is_delivered_days_later_and_a_good_unit_serves(way):
    for seed in range(4):
        chaos = Chaos(drawn=random.Random(seed), crash=0.2)
        played = play(
            [Letters(share=1), *FIRST, *SECOND, *ALARM, Letters(share=0), Finale(kind="embedder")], chaos, way
        )
        assert played.gave_up
        assert broken(played, None) == ()


def test_a_release_that_waited_for_a_hub_that_was_down_for_days_is_published_and_promoted():
    waits = [*SECOND[:3], Hub(up=False), *SECOND[3:]]
    down = play([*FIRST, *waits], CALM)
    assert serving(down)["name"].endswith("v1.0.0")
    back = [Hub(up=True), Settle(), *promoted(2 * WEEK)]
    assert serving(play([*FIRST, *waits, *back], CALM))["name"].endswith("v1.0.1")


def test_two_manifests_come_in_one_event():
    pair = [
        Ship(kind="embedder", number=2, quality="good", paired=True),
        Ship(kind="textgen-lora", number=2, quality="good"),
    ]
    for seed in range(4):
        chaos = Chaos(drawn=random.Random(seed))
        played = play([*FIRST, *merged(*pair)], chaos, "door")
        assert {one.rpartition("-v")[2] for one in serving_units(played)} == {"2", "1"}
        assert broken(played, play([*FIRST, *merged(*pair)], CALM)) == ()


def test_people_go_back_where_they_want_to_and_choose_what_was_left_by_name():
    third = merged(Ship(kind="embedder", number=3, quality="good"), week=2 * WEEK)
    back = [Wait(until=3 * WEEK), Order(kind="roll_back", place="anchor")]
    left = play([*FIRST, *SECOND, *third, *back], CALM)
    assert serving(left)["name"].endswith("v1.0.0")
    assert broken(left, left) == ()
    again = play([*FIRST, *SECOND, *ALARM, Order(kind="lift"), Order(kind="promote", place="newest")], CALM)
    assert serving(again)["name"].endswith("v1.0.1")
    assert broken(again, again) == ()
    nowhere = play([*FIRST, *SECOND, Order(kind="roll_back", place="nowhere")], CALM)
    assert "is not kept ready" in announced(nowhere, events.ROLLBACK_SKIPPED)[-1].data["why"]


def test_another_anchor_is_frozen_by_a_person():
    third = merged(Ship(kind="embedder", number=3, quality="good"), week=2 * WEEK)
    played = play([*FIRST, *SECOND, *third, Order(kind="anchor", place="warm")], CALM)
    assert played.world.channel()["anchor"]["name"].endswith("v1.0.1")


def test_processes_remember_and_forget_documents_in_chaos():
    played = play([*FIRST, *SECOND], Chaos(drawn=random.Random(1)))
    assert len(played.world.memories) == 3
    assert play(FIRST, CALM).world.memories == {}


def test_a_roll_back_by_an_alarm_that_was_given_up_still_counts_when_it_comes_back():
    fires = [Letters(share=1), Wait(until=WEEK + 2130), Alarm(count=1), Settle(), Letters(share=0), Settle()]
    for seed in range(6):
        played = play([*FIRST, *SECOND, *fires], Chaos(drawn=random.Random(seed), crash=0.6))
        assert serving(played)["name"].endswith("v1.0.0")


def test_an_approval_that_was_given_for_a_name_that_is_taken_counts_for_no_other_release():
    asks = [Activate(terms=Terms(approved=True)), *FIRST[:4], Hub(up=False), Elsewhere(), Tick(what="merge"), Settle()]
    played = play([*asks, Approve(who="grace"), Hub(up=True), Settle(), *promoted(WEEK)], CALM)
    assert played.world.channel() is None
    assert serving(play([*asks, Hub(up=True), Settle(), Approve(who="grace"), *promoted(WEEK)], CALM))["name"].endswith(
        "v1.0.1"
    )
