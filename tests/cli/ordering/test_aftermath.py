# SPDX-License-Identifier: Apache-2.0
"""Two people at three in the morning, and an order that was carried out only in part."""

import json
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from federation.cli.home.opened import opened
from federation.cli.ordering.aftermath import unless_just_left, what_is_left, with_its_move
from federation.cli.ordering.direct import carried_directly
from federation.cli.ordering.order import order
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.move import Moved
from federation.demo.show import staged
from federation.demo.story import first_week, second_week
from federation.errors import ConflictError, ServiceError

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "it is needed")


def moved(kind, at):
    return Moved(
        counter=1, event="e", kind=kind, at=at, release="v1", who="roll_back", why="v2 was rolled back: alarm fired"
    )


def channel(*moves):
    return Channel(name="production", counter=1, moves=moves)


LEFT = moved("roll_back", "2026-11-24T14:04:41Z")


def test_a_second_roll_back_within_minutes_has_to_name_what_it_leaves(federation, promoted_twice):
    assert federation("rollback", *WHO, "--folder", promoted_twice).code == 0
    again = federation("rollback", "--who", "bo", "--why", "it is bad", "--folder", promoted_twice)
    assert again.code == 4
    assert f"{FIRST} has served since. {SECOND} was rolled back: it is needed (by eva)" in again.err
    assert f"--from {FIRST}" in again.err
    assert federation("status", "--folder", promoted_twice, "--json").json["releases"][0]["name"] == FIRST
    meant = federation("rollback", "--from", FIRST, *WHO, "--folder", promoted_twice)
    assert meant.code == 10
    assert "no stable release is left" in meant.out


def test_who_comes_second_and_names_where_to_go_hears_that_it_serves_and_of_no_emergency(federation, promoted_twice):
    federation("rollback", *WHO, "--folder", promoted_twice)
    second = federation("rollback", "--to", FIRST, "--who", "bo", "--why", "it is bad", "--folder", promoted_twice)
    assert second.code == 10
    assert f"no roll-back: {FIRST} serves already" in second.out
    page = federation("explain", "roll_back", "--folder", promoted_twice)
    for told in (second.out, page.out):
        assert "Another release, by its name" not in told


def test_what_is_named_has_to_serve(federation, promoted_twice):
    answer = federation("rollback", "--from", FIRST, *WHO, "--folder", promoted_twice)
    assert answer.code == 10
    assert federation("status", "--folder", promoted_twice, "--json").json["releases"][0]["name"] == SECOND


def test_an_alarm_that_was_first_counts_too():
    with pytest.raises(
        ConflictError, match=r"19 seconds ago. v1 has served since. v2 was rolled back: alarm fired \(by roll_back\)"
    ):
        unless_just_left(channel(LEFT, moved("hold", "2026-11-24T14:04:50Z")), 300, "2026-11-24T14:05:00Z")


def test_an_alarm_whose_clock_is_ahead_counts_too():
    """The roll-back then has the alarm's time (`core/move.py: not_before`)."""
    with pytest.raises(ConflictError, match="0 seconds ago"):
        unless_just_left(channel(LEFT), 300, "2026-11-24T14:04:00Z")


@pytest.mark.parametrize(
    ("moves", "at"),
    [
        ((), "2026-11-24T14:05:00Z"),
        ((LEFT,), "2026-11-24T14:09:41Z"),
        ((LEFT,), "2026-11-24T13:59:41Z"),
        ((LEFT, moved("promote", "2026-11-24T14:04:50Z")), "2026-11-24T14:05:00Z"),
    ],
)
def test_a_roll_back_long_after_the_last_one_or_after_a_promotion_goes_ahead(moves, at):
    assert unless_just_left(channel(*moves), 300, at) is None


def test_nodes_that_cannot_be_told_are_no_secret(federation, promoted_twice):
    (promoted_twice / "serving" / "production.json").unlink()
    (promoted_twice / "serving").rmdir()
    (promoted_twice / "serving").write_text("in the way")
    answer = federation("rollback", *WHO, "--folder", promoted_twice)
    assert answer.code == 5
    assert f"{FIRST} is to serve as of move 4, but the nodes may not know yet" in answer.err
    page = federation("status", "--folder", promoted_twice).out
    assert page.index("Dead letters") < page.index("\nReleases\n")


class Down:
    """A service that fails whatever it is asked."""

    def __getattr__(self, name):
        raise ServiceError(f"{name} failed")


def test_a_store_that_fails_after_an_order_hides_neither_its_refusal_nor_what_went_wrong(promoted_twice):
    given = order(events.ROLLBACK_ORDERED, {"release": FIRST}, "production", "2026-11-20T03:00:00Z")
    with opened(promoted_twice) as home:
        followed, _ = carried_directly("roll_back", given, home)
        failing = SimpleNamespace(ports=replace(home.ports, store=Down()), letters=Down())
    (way,) = what_is_left(failing, given, followed)
    assert "could not be looked up" in way
    error = ServiceError("the nodes failed", hint="its own")
    assert with_its_move(failing, given, error) is error


def test_a_policy_of_a_newer_version_stops_neither_a_look_nor_the_way_back(federation, promoted_twice, examples):
    policy = {**json.loads((examples / "policy.json").read_bytes()), "schema": "policy.v9", "version": 9}
    with opened(promoted_twice) as home:
        home.ports.store.keep("policies/000009", json.dumps(policy).encode())
    assert federation("status", "--folder", promoted_twice).code == 0
    answer = federation("rollback", *WHO, "--folder", promoted_twice)
    assert f"the order is carried out: {FIRST} serves as of move 4. What follows failed" in answer.err
    assert json.loads((promoted_twice / "serving" / "production.json").read_text())["release"] == FIRST


def test_a_quarantine_of_what_serves_says_that_it_serves_all_the_same(federation, promoted_twice):
    answer = federation("quarantine", "spiralverse/textgen-lora-v2", *WHO, "--folder", promoted_twice)
    assert answer.code == 0
    assert f"serves all the same, in {SECOND}: federation rollback" in answer.out
    urgent = federation("status", "--folder", promoted_twice).out.partition("\nReleases\n")[0]
    _, leave, allow = urgent.partition("This serves although it is in quarantine")[2].split("federation ")[:3]
    assert leave.startswith("rollback ")
    assert allow.startswith("lift ")


def test_a_merge_that_had_units_judged_first_and_made_a_release_is_done(federation, own, tmp_path, examples):
    for one in federation("status", "--folder", own, "--json").json["quarantine"]:
        assert federation("lift", one["artifact"], *WHO, "--folder", own).code == 0
    policy = {**json.loads((examples / "policy.json").read_bytes()), "version": 2}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    federation("init", "--policy", tmp_path / "policy.json", "--who", "eva", "--why", "x", "--folder", own)
    answer = federation("tick", "merge", "--folder", own)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert any("spiralverse-ai-federated-v1.0.2 assembled." in line for line in lines)
    assert len(lines) == len(set(lines))


def test_whoever_asked_for_the_very_thing_is_told_what_comes_before_it(federation, tmp_path, examples, monkeypatch):
    monkeypatch.setattr("federation.cli.ordering.aftermath.now", lambda: "2026-11-20T12:00:00Z")  # no window is open
    home = ("--folder", tmp_path / "home")
    with staged(tmp_path / "home", examples) as stage:
        assert list(first_week(stage))
        assert any("Thursday" in line.what for line in second_week(stage))
    assert federation("hold", "--who", "bo", "--why", "an audit", *home).code == 0
    refused = federation("promote", SECOND, "--outside-window", *WHO, *home)
    assert refused.code == 10
    ways = refused.out.partition("What can be done\n")[2].splitlines()
    assert ways[0].startswith("  Held by bo since ")
    assert "federation resume" in ways[0]
    assert ways[1] == "  When that is done, and before the window opens: the same command again"
    assert "--outside-window" not in refused.out
    assert "--outside-window" in federation("promote", SECOND, *WHO, *home).out, "who asked for less is told of it"
