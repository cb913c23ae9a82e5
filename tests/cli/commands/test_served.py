# SPDX-License-Identifier: Apache-2.0
"""Somebody from outside asks what served on a day of last spring, and the channel itself remembers thirty-two moves."""

import json
import logging
import random
import re
from itertools import pairwise

import msgspec
import pytest
from tests.cli.tampering import damaged, removed

from federation.cli.home.opened import opened
from federation.cli.store.moves import moves
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core import names
from federation.core.channel import channel_of
from federation.core.digest import canonical, digest
from federation.core.event import Event
from federation.ports import Ports
from federation.runtime import handle
from federation.simulation.chaos import Chaos
from federation.simulation.play import play
from federation.simulation.story import story

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"
MARCH, PROMOTED, LEFT = "2026-03-01T08:00:00Z", "2026-11-24T09:00:00Z", "2026-11-24T14:04:41Z"


def test_every_moment_since_the_first_release_has_one_answer(federation, played):
    told = federation("served", "--folder", played, "--json").json
    assert told["untold"] == 0
    assert [(one["release"], one["how"], one["who"]) for one in told["served"]] == [
        (FIRST, "promoted", "promote"),
        (SECOND, "promoted", "promote"),
        (FIRST, "gone back to", "roll_back"),
    ]
    assert all(before["until"] == after["since"] for before, after in pairwise(told["served"]))
    assert told["served"][-1]["until"] is None


def test_each_answer_names_the_documents_that_prove_it(federation, played):
    for one in federation("served", "--folder", played, "--json").json["served"]:
        with opened(played) as home:
            stored = {
                name: json.loads(home.ports.store.read(name)) for name in (one["decision"], one["policy"]["document"])
            }
            release = json.loads(home.ports.store.read(names.release(one["release"])))
        assert stored[one["decision"]]["event"] == one["heard"]
        assert digest(stored[one["policy"]["document"]]) == one["policy"]["digest"]
        assert digest(release) == one["digest"]
        assert federation("replay", one["decision"], "--folder", played).code == 0


def test_a_release_serves_from_the_very_moment_of_its_move(federation, played):
    def at(moment):
        (one,) = federation("served", "--at", moment, "--folder", played, "--json").json["served"]
        return one["release"]

    assert at("2026-11-24T08:59:59.999999Z") == FIRST
    assert at(PROMOTED) == SECOND
    assert at("2026-11-24T15:04:40+01:00") == SECOND
    assert at(LEFT) == FIRST
    page = federation("served", "--at", "2026-11-24T12:00:00Z", "--folder", played).out
    assert page.startswith(f"{SECOND} served from 2026-11-24 09:00:00Z until 2026-11-24 14:04:41Z")
    assert "federation.tick.promote.v1 of 2026-11-24 09:00:00Z" in page
    assert "decided under  version 1 of the policy (sha256:" in page


def test_what_the_channel_has_forgotten_is_told_by_its_decisions(federation, played, forgetful):
    before = federation("served", "--folder", played, "--json").json
    after = federation("served", "--folder", forgetful, "--json").json
    assert (after["served"], after["untold"]) == (before["served"], 0)
    with opened(forgetful) as home:
        remembered = Shelf(home.ports).channel("production").moves
    assert all(moved.kind in {"hold", "resume"} for moved in remembered)


def test_what_served_and_was_left_is_never_called_new(federation, forgetful):
    states = {one["name"]: one["state"] for one in federation("releases", "--folder", forgetful, "--json").json}
    assert states == {FIRST: "serving", SECOND: "rolled back"}
    page = federation("explain", SECOND, "--folder", forgetful, "--json").json
    assert page["verdict"] == "rolled back"
    assert page["facts"]["promoted"].startswith("2026-11-24 09:00:00Z")
    assert federation("status", "--folder", forgetful, "--json").json["candidate"] is None


def test_what_was_lifted_since_was_left_all_the_same(federation, forgetful):
    for one in federation("status", "--folder", forgetful, "--json").json["quarantine"]:
        federation("lift", one["artifact"], "--why", "a drill", "--who", "eva", "--folder", forgetful)
    states = {one["name"]: one["state"] for one in federation("releases", "--folder", forgetful, "--json").json}
    assert states == {FIRST: "serving", SECOND: "rolled back"}


def test_a_lost_decision_costs_its_own_facts_and_no_other_answer(federation, forgetful):
    removed(forgetful, "decisions/roll_back/%")
    found = federation("served", "--folder", forgetful, "--json").json
    assert found["untold"] == 0
    last = found["served"][-1]
    assert (last["release"], last["since"], last["decision"]) == (FIRST, LEFT, None)
    assert last["why"].startswith(f"{SECOND} was rolled back: ")
    page = federation("served", "--at", LEFT, "--folder", forgetful).out
    assert "not readable" in page
    assert "federation replay" not in page


def test_a_damaged_decision_costs_no_more_and_is_named(federation, forgetful):
    damaged(forgetful, "decisions/promote/%")
    found = federation("served", "--folder", forgetful, "--json").json
    assert [(one["release"], one["decision"] is None) for one in found["served"]] == [
        (FIRST, True),
        (SECOND, True),
        (FIRST, False),
    ]
    assert found["damaged"]
    assert all("decisions/promote/" in told and "is damaged" in told for told in found["damaged"])
    page = federation("served", "--folder", forgetful).out
    assert page.rpartition("Damaged, so that nothing is told of it here")[2].count("decisions/promote/") == len(
        found["damaged"]
    )


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}"])
def test_nor_does_what_is_no_decision(federation, forgetful, body):
    damaged(forgetful, "decisions/promote/%", body)
    found = federation("served", "--folder", forgetful, "--json").json
    assert [one["release"] for one in found["served"]] == [FIRST, SECOND, FIRST]
    assert found["damaged"]
    assert all("decisions/promote/" in told and "is damaged" in told for told in found["damaged"])


def test_after_a_clock_that_was_behind_two_releases_are_told_of_and_one_is_meant(federation, own):
    """By its clock the machine that promotes again after the roll-back of November is still in March."""
    for one in federation("status", "--folder", own, "--json").json["quarantine"]:
        assert federation("lift", one["artifact"], "--who", "eva", "--why", "x", "--folder", own).code == 0
    asked = {"release": SECOND, "who": "eva", "why": "x", "outside_window": True}
    order = Event(type=events.PROMOTION_ORDERED, source="//x", subject=SECOND, time=MARCH, key="x", data=asked)
    with opened(own) as home:
        assert handle("promote", order, home.ports, MARCH).move
    said = "By their dates, two releases served between 2026-03-01 08:00:00Z and 2026-11-24 14:04:41Z: "
    assert said in federation("served", "--folder", own).out
    between = federation("served", "--at", "2026-11-20T00:00:00Z", "--folder", own).out
    assert between.startswith(f"{SECOND} served from 2026-03-01 08:00:00Z until now")
    assert said in between
    assert said not in federation("served", "--at", LEFT, "--folder", own).out


def test_moves_of_which_nothing_tells_are_counted(federation, forgetful):
    removed(forgetful, "decisions/%")
    found = federation("served", "--folder", forgetful, "--json").json
    assert found["served"] == []
    assert found["untold"] > 0
    assert "No stored document describes the first 6 moves" in federation("served", "--folder", forgetful).out


def test_a_promotion_that_another_move_overtook_is_not_taken_for_the_one_that_was_made(federation, own):
    (made,) = [
        one for one in federation("served", "--folder", own, "--json").json["served"] if one["release"] == SECOND
    ]
    with opened(own) as home:
        overtaken = json.loads(home.ports.store.read(made["decision"]))
        overtaken["outcome"]["move"]["to"]["moves"][-1]["counter"] -= 1
        home.ports.store.keep(f"{made['decision'].rpartition('/')[0]}/{'0' * 64}", canonical(overtaken))
    assert made in federation("served", "--folder", own, "--json").json["served"]


def test_only_the_last_thirty_are_shown_unless_all_are_wanted(federation, own):
    for drill in range(14):
        forbidden = federation("status", "--folder", own, "--json").json["quarantine"]
        orders = [*(("lift", one["artifact"]) for one in forbidden), ("promote", SECOND, "--outside-window")]
        for order in [*orders, ("rollback", "--from", SECOND)]:
            assert federation(*order, "--why", f"drill {drill}", "--who", "eva", "--folder", own).code == 0
    assert "\n1 earlier one not shown; to show all: federation served --" in federation("served", "--folder", own).out
    assert len(federation("served", "--folder", own, "--json").json["served"]) == 31
    assert len(re.findall(r"\n  \d{4}-\d\d-\d\d ", federation("served", "--all", "--folder", own).out)) == 31


@pytest.mark.parametrize(
    ("moment", "code", "said"),
    [
        ("2026-01-01T00:00:00Z", 3, "served from 2026-11-17T09:00:00Z"),
        ("2126-01-01T00:00:00Z", 2, "in the future"),
        ("last spring", 2, "is not a time"),
    ],
)
def test_a_moment_without_an_answer_says_why(federation, played, moment, code, said):
    answer = federation("served", "--at", moment, "--folder", played)
    assert answer.code == code
    assert said in answer.err


def test_before_the_first_promotion_nothing_has_served(federation, new_home):
    assert "Nothing has served yet" in federation("served", "--folder", new_home).out
    assert federation("served", "--at", "2026-01-01T00:00:00Z", "--folder", new_home).code == 3


@pytest.mark.parametrize("seed", range(7_000_000, 7_000_012))
def test_in_any_history_the_moves_that_are_told_are_those_that_were_made(seed, caplog):
    caplog.set_level(logging.CRITICAL, "federation")
    world = play(story(seed), Chaos(drawn=random.Random(seed), full=0.25)).world
    world.chaos.drawn = None
    bodies = world.store.moves.get("production", [])
    made = [channel_of(msgspec.json.decode(body), "production").moves[-1] for body in bodies]
    shelf = Shelf(
        Ports(store=world.store, **dict.fromkeys(("bus", "artifacts", "registry", "trainer", "traffic", "alarms")))
    )
    assert list(moves(shelf, shelf.channel("production"))) == made
