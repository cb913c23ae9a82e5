# SPDX-License-Identifier: Apache-2.0
"""A command died after the channel's move and before the nodes were told, and for hours a page says what never served."""

import json
from contextlib import suppress

import pytest
from msgspec.structs import replace

from federation.cli.home.opened import opened
from federation.cli.ordering.order import order
from federation.core import event as events
from federation.runtime import handle

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"
NOON = "2026-11-24T12:00:00Z"
EVA = {"who": "eva", "why": "the answers are wrong"}


class Killed(BaseException):
    """What ends a process: no step catches it."""


class Unreached:
    """The nodes as whoever is killed on the way leaves them."""

    def refusal(self, channel, release):
        del channel, release

    def shift(self, shift):
        raise Killed(shift)


def nodes_of(folder):
    return folder / "serving" / "production.json"


def read_back(folder, **changed):
    nodes_of(folder).write_text(json.dumps({**json.loads(nodes_of(folder).read_bytes()), **changed}))


@pytest.fixture
def half_way(promoted_twice):
    """A home whose roll-back was killed between the two."""
    given = order(events.ROLLBACK_ORDERED, {**EVA, "release": SECOND}, "production", NOON)
    with opened(promoted_twice) as home:
        home.ports.bus.announce([given])
        with suppress(Killed):
            handle("roll_back", given, replace(home.ports, traffic=Unreached()), NOON)
    return promoted_twice


def test_the_page_that_says_what_serves_says_that_the_nodes_were_not_told(federation, half_way):
    said = (
        f"But the nodes have not received move 4: they serve {SECOND}, since move 3. To send it to them: "
        "federation tick sweep"
    )
    headline, came, nodes, *_ = federation("status", "--folder", half_way).out.splitlines()
    assert headline.startswith(f"{FIRST} has served since")
    assert came.startswith("A roll-back by eva brought it back")
    assert nodes == said.replace("tick sweep", f"tick --folder {half_way} sweep")
    assert federation("status", "--folder", half_way, "--json").json["nodes"] == said
    assert said in federation("served", "--folder", half_way, "--json").json["nodes"]
    assert said in federation("explain", FIRST, "--folder", half_way, "--json").json["facts"]["nodes"]


def test_a_sweep_tells_them_and_then_there_is_nothing_to_say(federation, half_way):
    assert federation("tick", "sweep", "--folder", half_way).code == 0
    assert json.loads(nodes_of(half_way).read_bytes())["release"] == FIRST
    assert federation("status", "--folder", half_way, "--json").json["nodes"] is None
    assert federation("served", "--folder", half_way, "--json").json["nodes"] == []
    assert "nodes" not in federation("explain", FIRST, "--folder", half_way, "--json").json["facts"]


def test_of_an_earlier_release_nothing_is_said_about_what_the_nodes_do_now(federation, half_way):
    at = federation("served", "--at", "2026-11-24T10:00:00Z", "--folder", half_way, "--json").json
    assert [one["release"] for one in at["served"]] == [SECOND]
    assert at["nodes"] == []


def test_nodes_ahead_of_the_channel_are_another_homes_or_those_of_a_restored_backup(federation, promoted_twice):
    read_back(promoted_twice, counter=8, release=FIRST)
    nodes = federation("status", "--folder", promoted_twice, "--json").json["nodes"]
    assert nodes.startswith(f"The nodes serve {FIRST} since move 8, but this channel is at move 3. Another home")


def test_nodes_that_somebody_shifted_were_told_and_serve_something_else(federation, promoted_twice):
    read_back(promoted_twice, release=FIRST)
    nodes = federation("status", "--folder", promoted_twice, "--json").json["nodes"]
    assert nodes.startswith(f"But the nodes received something else: they serve {FIRST}, since move 3.")


def test_nodes_that_cannot_be_read_take_no_page_away(federation, promoted_twice):
    nodes_of(promoted_twice).write_text("{")
    answer = federation("status", "--folder", promoted_twice, "--json")
    assert (answer.code, answer.json["releases"][0]["name"]) == (0, SECOND)
    assert answer.json["nodes"].startswith("What the nodes serve cannot be read: ")


def test_a_home_that_is_new_says_nothing_of_nodes(federation, new_home):
    assert federation("status", "--folder", new_home, "--json").json["nodes"] is None


def test_what_waits_is_named_with_its_step_its_person_and_its_age(federation, half_way):
    page = federation("status", "--folder", half_way).out
    title, line = page[page.index("1 delivery under way") :].splitlines()[:2]
    assert title == "1 delivery under way, or waiting for the next command:"
    assert line.startswith(f"  to roll_back: federation.rollback.ordered.v1 about {SECOND} of 2026-11-24 12:00:00Z")
    assert line.endswith(", ordered by eva")
    (waits,) = federation("status", "--folder", half_way, "--json").json["deliveries"]
    assert (waits["step"], waits["who"], waits["attempts"]) == ("roll_back", "eva", 0)


def test_the_record_says_that_the_nodes_were_perhaps_never_told_even_if_they_serve_it_by_now(federation, half_way):
    read_back(half_way, release=FIRST, counter=4)
    (doubt,) = federation("served", "--folder", half_way, "--json").json["nodes"]
    assert doubt.startswith(f"The process that made move 4, to {FIRST}, was stopped half-way, and its delivery waits")
    assert federation("explain", FIRST, "--folder", half_way, "--json").json["facts"]["nodes"] == doubt
    assert doubt in federation("served", "--at", NOON, "--folder", half_way).out
