# SPDX-License-Identifier: Apache-2.0
"""Years later: is the store as it was written? Whoever changes one document has to change all that speak of it."""

import json
import logging
import random

import pytest
from tests.cli.tampering import channel_becomes, channel_in, damaged, opened_by_hand, removed, set_back

from federation.cli.commands import intact
from federation.cli.home.opened import opened
from federation.cli.store.moves import moves
from federation.cli.store.references import References
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core.digest import canonical
from federation.core.event import Event
from federation.ports import Ports
from federation.runtime import handle
from federation.simulation.chaos import Chaos
from federation.simulation.play import play
from federation.simulation.story import story

MARCH = "2026-03-01T08:00:00Z"


def changed(folder, like, change):
    """Falsify a stored document behind the store's back, as canonically as it was written; its name."""
    with opened_by_hand(folder) as connection:
        name, body = connection.execute("select name, body from documents where name like ?", (like,)).fetchone()
        connection.execute("update documents set body = ? where name = ?", (falsified(body, change), name))
    return name


def falsified(body, change):
    document = json.loads(body)
    change(document)
    assert canonical(document) != body
    return canonical(document)


def one_removed(folder, like):
    """Remove one stored document; its name."""
    with opened_by_hand(folder) as connection:
        (name,) = connection.execute("select name from documents where name like ?", (like,)).fetchone()
        connection.execute("delete from documents where name = ?", (name,))
    return name


def without_its_decision(folder, step):
    """Remove a decision of a step that moved the channel."""
    with opened_by_hand(folder) as connection:
        stored = connection.execute(
            "select name, body from documents where name like ?", (f"decisions/{step}/%",)
        ).fetchall()
        name = next(name for name, body in stored if json.loads(body)["outcome"]["move"])
        connection.execute("delete from documents where name = ?", (name,))


def test_two_weeks_are_intact(federation, played):
    answer = federation("intact", "--folder", played, "--json")
    assert answer.code == 0
    assert answer.json["faults"] == answer.json["odd"] == []
    assert answer.json["moves"] == 4
    assert federation("intact", "--folder", played).out.endswith(f"0 faults. Seal {answer.json['seal']}\n")


def _channel_as_read(decision):
    (channel,) = (one["is"] for one in decision["reads"] if one["what"] == "channel")
    return channel


@pytest.mark.parametrize(
    ("like", "change"),
    [
        ("policies/%", lambda found: found["rollback"].update(settle_seconds=301)),
        ("versions/%", lambda found: found["stated"].update(api="another")),
        ("reports/%", lambda found: found["report"].update(verdict="fail")),
        ("releases/%", lambda found: found["change"].update(why="because I say so")),
        ("receipts/%", lambda found: found.update(commit="f" * 40)),
        ("settled/%", lambda found: found.update(uri="s3://elsewhere/")),
        ("merges/%", lambda found: found.update(release="another")),
        ("merges/%", lambda found: found["decision"]["event"].update(dedupekey="another")),
        ("events/%", lambda found: found.update(dedupekey="another")),
        ("decisions/promote/%", lambda found: found["outcome"].update(why="because I say so")),
        (
            "decisions/roll_back/%",
            lambda found: _channel_as_read(found)["serving"].update(since="2026-01-01T00:00:00Z"),
        ),
        ("decisions/roll_back/%", lambda found: found["event"].update(dedupekey="another")),
    ],
)
def test_one_change_in_one_document_is_found(federation, own, like, change):
    name = changed(own, like, change)
    answer = federation("intact", "--folder", own, "--json")
    assert answer.code == 10
    assert any(name in fault for fault in answer.json["faults"])
    assert answer.json["faults"][0] in federation("intact", "--folder", own).out


def test_a_channel_that_somebody_wrote_is_found(federation, own):
    channel = channel_in(own)
    channel["moves"][-1]["who"] = "somebody else"
    channel_becomes(own, channel)
    told = federation("intact", "--folder", own, "--json").json["faults"]
    assert any("disagree about production after move 4" in fault and "the channel itself" in fault for fault in told)


def test_a_roll_back_that_is_undone_in_the_channel_is_found_by_the_decision_that_made_it(federation, own):
    set_back(own, 3)
    answer = federation("intact", "--folder", own, "--json")
    assert answer.code == 10
    assert any("production is at move 3, but decisions/roll_back/" in fault for fault in answer.json["faults"])


def test_a_channel_that_was_set_back_is_found_by_what_was_decided_since(federation, own):
    for order in ("hold", "resume"):
        assert federation(order, "--why", "a drill", "--who", "eva", "--folder", own).code == 0
    set_back(own, 4)
    faults = federation("intact", "--folder", own, "--json").json["faults"]
    assert any("read it after move 5" in fault for fault in faults)
    assert any("made move 6" in fault for fault in faults)


def test_a_last_order_that_the_channel_does_not_show_may_have_been_cut_short(federation, own, tmp_path):
    """A step that died between its two writes leaves the same store as whoever undid its move, unless a list was kept."""
    assert federation("hold", "--why", "a drill", "--who", "eva", "--folder", own).code == 0
    kept = tmp_path / "kept.json"
    kept.write_text(federation("intact", "--folder", own, "--json").out, "utf-8")
    set_back(own, 4)
    answer = federation("intact", "--folder", own, "--json")
    assert answer.code == 0
    (odd,) = answer.json["odd"]
    assert odd.startswith("production is at move 4, but decisions/govern/")
    assert federation("intact", "--since", kept, "--folder", own, "--json").json["faults"] == [
        "move 5 of production is gone since then"
    ]


def test_a_channel_that_is_gone_is_missed(federation, own, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text(federation("intact", "--folder", own, "--json").out, "utf-8")
    with opened_by_hand(own) as store:
        store.execute("delete from channels")
    assert federation("intact", "--folder", own).code == 10
    faults = federation("intact", "--since", kept, "--folder", own, "--json").json["faults"]
    assert [f"move {number} of production is gone since then" for number in (1, 2, 3, 4)] == faults[:4]


def test_a_list_holds_what_each_move_said(federation, own, tmp_path):
    """Whoever changes a move and all that speaks of it has still not changed a list that lies elsewhere."""
    kept = tmp_path / "kept.json"
    kept.write_text(federation("intact", "--folder", own, "--json").out, "utf-8")
    without_its_decision(own, "roll_back")
    channel = channel_in(own)
    channel["moves"][-1]["why"] = "it was time"
    channel_becomes(own, channel)
    told = federation("intact", "--since", kept, "--folder", own, "--json").json
    assert "move 4 of production is changed since then" in told["faults"]
    assert told["seal"] != json.loads(kept.read_text("utf-8"))["seal"]


@pytest.mark.parametrize("body", [None, b'{"'], ids=["gone", "damaged"])
def test_without_a_policy_everything_else_is_looked_at_all_the_same(federation, own, body):
    if body is None:
        removed(own, "policies/%")
    else:
        damaged(own, "policies/%")
    set_back(own, 3)
    answer = federation("intact", "--folder", own, "--json")
    assert (answer.code, answer.json["moves"]) == (10, 3)
    assert any("policies/000001" in fault for fault in answer.json["faults"])
    assert any("production is at move 3" in fault for fault in answer.json["faults"])


def test_a_store_without_any_document_is_no_intact_home(federation, own):
    """Nothing contradicts itself there, and nothing of what the nodes serve is accounted for."""
    with opened_by_hand(own) as store:
        store.execute("delete from documents")
        store.execute("delete from channels")
    answer = federation("intact", "--folder", own, "--json")
    assert answer.code == 10
    (fault,) = answer.json["faults"]
    assert "no policy is stored" in fault


@pytest.mark.parametrize("body", [b'{"', b"{}", b"7"])
def test_a_damaged_channel_is_a_fault_among_others(federation, own, body):
    name = one_removed(own, "reports/%")
    with opened_by_hand(own) as store:
        store.execute("update channels set body = ?", (body,))
    answer = federation("intact", "--folder", own, "--json")
    assert answer.code == 10
    assert any("the channel production" in fault for fault in answer.json["faults"])
    assert any(name in fault for fault in answer.json["faults"])


@pytest.mark.parametrize("body", [b'{"', b"{}", b"7", b'{"outcome":{"move":{"to":{"moves":[{}]}}}}'])
def test_decisions_that_cannot_be_read_are_faults_and_so_are_the_moves_of_which_they_told(federation, forgetful, body):
    with opened_by_hand(forgetful) as store:
        store.execute("update documents set body = ? where name like 'decisions/govern/%'", (body,))
    answer = federation("intact", "--folder", forgetful, "--json")
    assert answer.code == 10
    assert "only 32 of the channel's 38 moves are known: decisions are missing" in answer.json["faults"]


@pytest.mark.parametrize("like", ["versions/%", "reports/%", "releases/%", "receipts/%", "merges/%"])
def test_what_others_speak_of_cannot_vanish(federation, own, like):
    one_removed(own, like)
    assert federation("intact", "--folder", own).code == 10


def test_a_move_of_a_person_or_a_promotion_has_its_decision(federation, own):
    without_its_decision(own, "promote")
    told = federation("intact", "--folder", own, "--json").json["faults"]
    assert any(", promote by promote, has no stored decision" in fault for fault in told)


def test_a_roll_back_moves_before_it_stores_and_so_its_decision_may_be_missing(federation, own):
    without_its_decision(own, "roll_back")
    answer = federation("intact", "--folder", own, "--json")
    assert answer.code == 0
    (odd,) = answer.json["odd"]
    assert "by roll_back" in odd
    assert odd in federation("intact", "--folder", own).out


def test_a_move_that_is_dated_before_the_one_it_follows_is_pointed_at(federation, own):
    """The demo is told at its own time; an order of today follows on a move of another day."""
    assert channel_in(own)["moves"][-1]["at"] == "2026-11-24T14:04:41Z"
    hold = Event(
        type=events.HOLD_ORDERED, source="//x", subject="x", time=MARCH, key="x", data={"who": "eva", "why": "x"}
    )
    with opened(own) as home:
        handle("govern", hold, home.ports, MARCH)
    answer = federation("intact", "--folder", own, "--json")
    assert (answer.code, answer.json["odd"]) == (
        0,
        [f"move 5 is dated {MARCH}, before the previous move, 2026-11-24T14:04:41Z"],
    )


def test_bytes_that_are_no_document_are_named(federation, own):
    damaged(own, "decisions/promote/%")
    told = federation("intact", "--folder", own, "--json").json["faults"]
    assert any("decisions/promote/" in fault and "is damaged" in fault for fault in told)


def test_what_nobody_speaks_of_is_missed_by_whoever_kept_the_list(federation, own, tmp_path):
    kept = tmp_path / "kept.json"
    kept.write_text(federation("intact", "--folder", own, "--json").out, "utf-8")
    assert federation("hold", "--why", "to have something new", "--who", "eva", "--folder", own).code == 0
    assert federation("intact", "--since", kept, "--folder", own).code == 0
    name = one_removed(own, "waiting/%")
    assert federation("intact", "--folder", own).code in {0, 10}
    answer = federation("intact", "--since", kept, "--folder", own, "--json")
    assert answer.code == 10
    assert f"{name} is gone since then" in answer.json["faults"]


class AtWork:
    """A store that somebody moves on after its documents were listed, and before its channel is read."""

    def __init__(self, store, move):
        self._store = store
        self._moves = [move]

    def __getattr__(self, name):
        return getattr(self._store, name)

    def channel(self, name):
        if self._moves:
            self._moves.pop()()
        return self._store.channel(name)


def test_a_home_at_work_is_taken_until_nothing_has_moved_meanwhile(federation, own, monkeypatch):
    def hold():
        assert federation("hold", "--why", "meanwhile", "--who", "eva", "--folder", own).code == 0

    taken = intact._taken
    monkeypatch.setattr(intact, "_taken", lambda found, shelf, store: taken(found, shelf, AtWork(store, hold)))
    assert federation("intact", "--folder", own, "--json").json["faults"] == []


def test_a_list_that_was_changed_is_no_list(federation, played, tmp_path):
    kept = tmp_path / "kept.json"
    told = federation("intact", "--folder", played, "--json").json
    told["documents"].popitem()
    kept.write_text(json.dumps(told), "utf-8")
    answer = federation("intact", "--since", kept, "--folder", played)
    assert answer.code == 2
    assert "kept.json is not what `federation intact" in answer.err


@pytest.mark.parametrize("seed", range(7_000_100, 7_000_112))
def test_what_crashes_and_races_leave_behind_is_no_fault(seed, caplog):
    caplog.set_level(logging.CRITICAL, "federation")
    world = play(story(seed), Chaos(drawn=random.Random(seed), full=0.25)).world
    world.chaos.drawn = None
    shelf = Shelf(
        Ports(store=world.store, **dict.fromkeys(("bus", "artifacts", "registry", "trainer", "traffic", "alarms")))
    )
    found = References()
    for name, body in shelf.bodies(shelf.names("")):
        found.take(name, body)
    channel = shelf.channel("production")
    found.take_channel(channel, world.store.channel("production"), moves(shelf, channel))
    assert list(found.faults()) == []
