# SPDX-License-Identifier: Apache-2.0
"""What holds a release can be past mending by the first command that comes to mind: nobody is sent in a circle."""

import json
import sqlite3
from contextlib import closing

import pytest
from tests.cli.tampering import channel_becomes, channel_in, damaged

from federation.cli.home.opened import opened
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.digest import canonical
from federation.core.report import basis_of

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "it is needed")


@pytest.fixture
def typed(federation, promoted_twice):
    """Type a command into a home in which the second release serves, and the first is kept ready."""
    return lambda *words: federation(*words, "--folder", promoted_twice)


@pytest.fixture
def ways(typed):
    """What the page of a release offers."""
    return lambda release: typed("explain", release, "--json").json["next"]


@pytest.fixture
def gone_back(promoted_twice):
    """That home after a roll-back that forbade nothing: the first release serves, the second is kept ready, and silent."""
    channel = channel_in(promoted_twice)
    ready = {**channel["serving"], "probed_at": None, "silent": True}
    (serving,) = channel["warm"]
    channel_becomes(promoted_twice, {**channel, "serving": serving, "warm": [ready]})
    return promoted_twice


@pytest.fixture
def not_served(promoted_twice):
    """That home before the second release was promoted."""
    channel = channel_in(promoted_twice)
    moves = [one for one in channel["moves"] if one["release"] != SECOND]
    (serving,) = channel["warm"]
    channel_becomes(promoted_twice, {**channel, "serving": serving, "warm": [], "moves": moves})
    return promoted_twice


@pytest.mark.usefixtures("gone_back")
def test_a_release_that_does_not_answer_is_offered_to_nobody(typed):
    candidate = typed("status", "--json").json["candidate"]
    assert candidate["name"] == SECOND
    assert "it did not answer its last probe" in candidate["held"]
    assert not any("federation promote" in way for way in candidate["ways"]), "the order would be held, too"
    assert candidate["ways"][0].startswith("Nobody can promote it until it answers")
    assert typed("promote", SECOND, "--outside-window", *WHO).code == 10


def test_what_was_tidied_away_is_put_back_as_the_page_says_and_then_promoted(typed, ways, not_served):
    place = not_served / "registry" / SECOND / "manifest.json"
    place.unlink()
    assert not any("federation promote" in way for way in ways(SECOND))
    assert any('docs/operations.md, "When a document is lost or damaged"' in way for way in ways(SECOND))
    with opened(not_served) as home:
        place.write_bytes(home.ports.store.read(names.release(SECOND)))
    assert not any("docs/operations.md" in way for way in ways(SECOND))
    assert typed("promote", SECOND, "--outside-window", *WHO).code == 0


def judged(home, verdict):
    """Every unit that came since the release that serves is judged so against it."""
    with opened(home) as inside:
        shelf = Shelf(inside.ports, inside.readers)
        basis = basis_of(shelf.own_channel(), shelf.policy()).digest
        new = [unit for unit in shelf.document(names.release(SECOND))["units"].items() if unit[1]["origin"] == "new"]
        for kind, unit in new:
            number = names.number_of(unit["name"])
            (place, *_) = shelf.names(names.reports(kind, number))
            stored = json.loads(inside.ports.store.read(place))
            judged_so = canonical({**stored, "report": {**stored["report"], "verdict": verdict}})
            wanted = names.report(basis, kind, number)
            if wanted in shelf.names(names.reports(kind, number)):
                damaged(home, wanted, judged_so)
            else:
                inside.ports.store.keep(wanted, judged_so)
    return [unit["name"] for _, unit in new]


@pytest.mark.parametrize(
    ("verdict", "asked"), [("inconclusive", "inconclusive against what serves now"), ("fail", "refused against")]
)
def test_a_release_whose_units_no_merge_takes_again_needs_other_units(ways, not_served, verdict, asked):
    with closing(sqlite3.connect(not_served / "store.sqlite")) as store, store:
        stored = json.loads(
            store.execute("select body from documents where name = ?", (names.release(SECOND),)).fetchone()[0]
        )
        outdated = canonical({**stored, "anchor": {**stored["baseline"], "digest": f"sha256:{'0' * 64}"}})
        store.execute("update documents set body = ? where name = ?", (outdated, names.release(SECOND)))
    store.close()
    assert "federation tick merge" in " ".join(ways(SECOND)), "they have passed"
    units = judged(not_served, verdict)
    told = ways(SECOND)
    for unit in units:
        assert any(f"{unit} is {asked}" in way and "shipped under the next number" in way for way in told)
    assert "federation tick merge" not in " ".join(told), "which would find no unit that has passed"


def test_a_release_of_which_all_serves_in_another_misses_nothing(ways, promoted_twice):
    """It could not be published in time, and the next merge took its units, and more."""
    overtaken = "spiralverse-ai-federated-v1.0.2"
    with opened(promoted_twice) as home:
        stored = json.loads(home.ports.store.read(names.release(SECOND)))
        home.ports.store.keep(names.release(overtaken), canonical({**stored, "name": overtaken}))
    (way,) = ways(overtaken)
    assert way == f"All units that it brought serve in {SECOND}: federation explain {SECOND}"


def test_a_merge_is_no_way_while_a_unit_is_in_quarantine(typed, ways, not_served):
    """Another home has published the name, and what it would bring under the next one is forbidden."""
    with opened(not_served) as home:
        refusal = {"release": SECOND, "why": f"the tag {SECOND} is on other content", "taken": True}
        home.ports.store.keep(names.unpublished(SECOND), canonical(refusal))
    with closing(sqlite3.connect(not_served / "store.sqlite")) as store, store:
        store.execute("delete from documents where name = ?", (names.receipt(SECOND),))
    store.close()
    assert ways(SECOND) == ["A merge makes the same release under the next free name: federation tick merge"]
    assert typed("quarantine", "spiralverse/embedder-v2", *WHO).code == 0
    lift, then = ways(SECOND)
    assert lift.startswith("If embedder was not to blame: federation lift ")
    assert then == "Once that is lifted, see what comes next: federation status"
