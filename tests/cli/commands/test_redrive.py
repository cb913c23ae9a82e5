# SPDX-License-Identifier: Apache-2.0
"""What was delivered in vain is listed, and delivered again when its cause is mended."""

import sqlite3
from contextlib import closing

from federation.cli.home.opened import opened
from federation.core import event as events
from federation.core.digest import canonical
from federation.core.event import Event


def test_a_dead_letter_says_which_step_failed_on_what_how_often_and_why(federation, stuck):
    answer = federation("redrive", "--dry-run", "--folder", stuck.home, "--json")
    assert answer.code == 0
    (letter,) = answer.json["dead"]
    assert letter["step"] == "validate"
    assert letter["type"] == "federation.artifact.completed.v1"
    assert letter["attempts"] == 5
    assert "ServiceError" in letter["failure"]
    assert answer.json["sent"] == 0


def test_looking_sends_nothing(federation, stuck):
    assert "\nNone was delivered." in federation("redrive", "--dry-run", "--folder", stuck.home).out
    assert len(federation("status", "--folder", stuck.home, "--json").json["dead"]) == 1


def test_what_is_mended_goes_now(federation, stuck):
    stuck.mend()
    answer = federation("redrive", "--folder", stuck.home)
    assert answer.code == 0
    assert "spiralverse/runtime-distilled-v1 accepted" in answer.out
    assert "\n1 delivered again.\n" in answer.out
    assert federation("status", "--folder", stuck.home, "--json").json["dead"] == []


def test_what_is_not_mended_fails_again_and_is_not_lost(federation, stuck):
    answer = federation("redrive", "--folder", stuck.home)
    assert answer.code == 5
    assert "Nothing is lost" in answer.err
    assert len(federation("status", "--folder", stuck.home, "--json").json["dead"]) == 1


def test_only_the_letters_of_the_step_that_was_named_are_sent(federation, stuck):
    assert federation("redrive", "--step", "gate", "--folder", stuck.home, "--json").json["dead"] == []
    stuck.mend()
    assert federation("redrive", "--step", "validate", "--folder", stuck.home, "--json").json["sent"] == 1


def test_a_step_that_does_not_exist_is_a_typing_error(federation, new_home):
    answer = federation("redrive", "--step", "vaildate", "--folder", new_home)
    assert answer.code == 2
    assert "roll_back" in answer.err


def test_without_dead_letters_there_is_nothing_to_send(federation, new_home):
    answer = federation("redrive", "--folder", new_home)
    assert answer.code == 0
    assert answer.out == "0 dead letters.\n"


def test_who_only_looks_sees_the_letters_and_has_nothing_done_that_waits(federation, stuck):
    waiting = Event(type=events.TICK_MERGE, source="//test", subject="x", time="2026-11-16T08:00:00Z", key="x", data={})
    with opened(stuck.home) as home:
        home.ports.bus.announce([waiting])
    answer = federation("redrive", "--dry-run", "--folder", stuck.home)
    assert answer.out.startswith("1 dead letter:\n")
    assert "federation.artifact.completed.v1" in answer.out
    assert federation("status", "--folder", stuck.home, "--json").json["queue"] == 1


def test_an_order_among_the_letters_says_whose_it_is_how_old_and_that_it_was_about_an_hour(federation, new_home):
    """Jon wanted the release for the demo at seven; three days later somebody clears the list."""
    jon = {"release": "spiralverse-ai-federated-v1.0.1", "outside_window": True, "who": "jon", "why": "for the demo"}
    ordered, ticked = (
        Event(
            type=type_, source="//federation/cli", subject="production", time="2026-11-11T18:02:00Z", key="x", data=data
        )
        for type_, data in ((events.PROMOTION_ORDERED, jon), (events.TICK_PROMOTE, {}))
    )
    with closing(sqlite3.connect(new_home / "store.sqlite", isolation_level=None)) as store:
        for event in (ordered, ticked):
            row = ("promote", canonical(event.document()), "ServiceError: the disk is full")
            store.execute("insert into queue (step, event, failure, attempts, dead) values (?, ?, ?, 5, 1)", row)
    order, tick = federation("redrive", "--dry-run", "--folder", new_home, "--json").json["dead"]
    assert (order["who"], order["outside_window"]) == ("jon", True)
    assert (tick["who"], tick["outside_window"]) == (None, False)
    assert order["age_seconds"] > 0
    _, first, second, *_ = federation("redrive", "--dry-run", "--folder", new_home).out.splitlines()
    assert " ago), ordered by jon outside the window: ServiceError" in first
    assert "ordered by" not in second


def test_only_the_letters_that_are_named_are_sent_and_the_others_stay(federation, stuck):
    """The page names each letter, so that one can be chosen; a wrong order among them is left where it is."""
    old = Event(type=events.TICK_MERGE, source="//test", subject="x", time="2026-11-11T18:02:00Z", key="x", data={})
    row = ("fuse", canonical(old.document()), "ServiceError: the disk is full")
    with closing(sqlite3.connect(stuck.home / "store.sqlite", isolation_level=None)) as store:
        store.execute("insert into queue (step, event, failure, attempts, dead) values (?, ?, ?, 5, 1)", row)
    stuck.mend()
    shipped, tick = federation("redrive", "--dry-run", "--folder", stuck.home, "--json").json["dead"]
    looked = federation("redrive", shipped["id"], "--dry-run", "--folder", stuck.home).out
    assert looked.startswith(f"1 dead letter:\n  {shipped['id']}: validate could not handle ")
    assert looked.endswith(f"deliver them: federation redrive --folder {stuck.home} {shipped['id']}\n")
    assert federation("redrive", shipped["id"], "--folder", stuck.home, "--json").json["sent"] == 1
    (left,) = federation("status", "--folder", stuck.home, "--json").json["dead"]
    assert left["id"] == tick["id"]


def test_a_letter_that_does_not_exist_is_not_found_and_none_is_sent(federation, stuck):
    (letter,) = federation("redrive", "--dry-run", "--folder", stuck.home, "--json").json["dead"]
    stuck.mend()
    for arguments in ((letter["id"], "77"), (letter["id"], "--step", "gate")):
        answer = federation("redrive", *arguments, "--folder", stuck.home)
        assert answer.code == 3
        assert "there is no dead letter" in answer.err
        assert f"`federation redrive --folder {stuck.home} --dry-run` lists those that are there." in answer.err
    assert len(federation("status", "--folder", stuck.home, "--json").json["dead"]) == 1
