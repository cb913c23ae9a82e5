# SPDX-License-Identifier: Apache-2.0
"""What a merge waits for, and for how long: a quorum, a required kind, a file; and which check notices impatience."""

import random

import pytest
from tests.simulation.sabotage import changed
from tests.simulation.stories import CALM, FIRST, announced, promoted, serving

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.simulation.actions import Activate, Finale, Settle, Ship, Tick, Wait
from federation.simulation.chaos import Chaos
from federation.simulation.contention import is_contended
from federation.simulation.play import play
from federation.simulation.played import WAYS
from federation.simulation.policies import Terms
from federation.simulation.promises import PROMISES, broken
from federation.simulation.story import DAY, WEEK

ALONE = [Wait(until=WEEK), Ship(kind="embedder", number=2, quality="good"), Settle(), Tick(what="merge"), Settle()]
SATURDAY = [Wait(until=WEEK + 5 * DAY), Tick(what="merge"), Settle(), *promoted(2 * WEEK)]
ENDLESS = [Ship(kind="embedder", number=2, quality="good", never=True, copies=2), Settle()]
SWEPT = [Tick(what="sweep"), Settle()]


@pytest.mark.parametrize(("deadline", "name"), [(True, "v1.0.1"), (False, "v1.0.0")])
def test_a_merge_waits_for_its_quorum_until_the_deadline(deadline, name):
    alone = [Activate(terms=Terms(quorum=True, deadline=deadline)), *FIRST, *ALONE, *promoted(WEEK)]
    waits = play(alone, CALM)
    assert serving(waits)["name"].endswith("v1.0.0")
    assert "the merge waits until" in announced(waits, events.MERGE_SKIPPED)[-1].data["why"]
    for seed in range(4):
        later = play([*alone, *SATURDAY], Chaos(drawn=random.Random(seed)))
        assert serving(later)["name"].endswith(name)
        assert broken(later, play([*alone, *SATURDAY], CALM)) == ()


def test_a_required_kind_that_never_comes_lets_nothing_serve_whatever_the_deadline():
    whole = [Activate(terms=Terms(whole=True, deadline=True)), *FIRST[1:], *SATURDAY]
    played = play(whole, CALM)
    assert played.world.channel() is None
    assert "textgen-lora is required" in announced(played, events.MERGE_SKIPPED)[-1].data["why"]
    comes = play([*whole, Finale(kind="runtime-distilled")], CALM)
    assert "textgen-lora" in serving(comes)["units"]
    assert broken(comes, comes) == ()


@pytest.mark.parametrize("way", WAYS)
def test_an_upload_that_never_ends_is_given_up_at_the_deadline_and_what_came_meanwhile_serves(way):
    story = [Activate(terms=Terms(deadline=True)), *FIRST, Wait(until=WEEK), *ENDLESS, *SWEPT]
    for seed in range(4):
        waits = play(story, Chaos(drawn=random.Random(seed)), way)
        assert announced(waits, events.ARTIFACT_WAITING)
        assert not announced(waits, events.ARTIFACT_REJECTED)
        ended = play([*story, Finale(kind="runtime-distilled")], Chaos(drawn=random.Random(seed)), way)
        assert "incomplete 96 hours after the first look" in announced(ended, events.ARTIFACT_REJECTED)[0].data["why"]
        assert broken(ended, play([*story, Finale(kind="runtime-distilled")], CALM)) == ()


@pytest.mark.parametrize("deadline", [True, False])
def test_which_gate_answers_first_decides_only_where_a_merge_waits_for_none(deadline):
    strict, lenient = (Activate(terms=Terms(strict=strict, deadline=deadline)) for strict in (True, False))
    shipped = [Ship(kind=kind, number=2, quality="leisurely") for kind in ("embedder", "textgen-lora")]
    late = [*FIRST, Wait(until=WEEK), *shipped, Settle(), Wait(until=2 * WEEK), lenient, Tick(what="merge"), Settle()]
    made = {merged_first(play([strict, *late], Chaos(drawn=random.Random(seed)))) for seed in range(12)}
    assert (len(made) > 1) is deadline
    assert is_contended([strict, *late]) is deadline


def merged_first(played):
    """The units of the first release after the one that serves."""
    _, first, *_ = played.world.store.names(names.RELEASES)
    return tuple(unit["name"] for unit in played.world.document(first)["units"].values())


def test_a_merge_that_did_not_wait_for_its_quorum_is_noticed():
    played = play([Activate(terms=Terms(quorum=True, deadline=True)), *FIRST, *ALONE, *SATURDAY], CALM)
    assert list(PROMISES[1](played)) == []
    (merge,) = (one for one in played.world.store.names(names.MERGES) if made_last(played, one))
    decision = played.world.document(merge)["decision"]
    changed(played, merge, decision={**decision, "now": "2026-01-15T00:00:00Z"})
    assert any("was made of 1 new units, and 2 were to be waited for" in fault for fault in PROMISES[1](played))


def made_last(played, merge):
    return played.world.document(merge)["release"] == serving(played)["name"]


def test_a_release_without_a_required_kind_is_noticed():
    played = play([Activate(terms=Terms(whole=True)), *FIRST], CALM)
    assert list(PROMISES[1](played)) == []
    name = names.release(serving(played)["name"])
    units = played.world.document(name)["units"]
    changed(played, name, units={kind: unit for kind, unit in units.items() if kind != "embedder"})
    assert any("serves without embedder" in fault for fault in PROMISES[1](played))


def test_a_unit_that_was_accepted_without_its_weights_is_noticed():
    played = play([*FIRST, *ENDLESS], CALM)
    assert list(PROMISES[8](played)) == []
    (accepted,) = (name for name in played.world.store.names(names.VERSIONS) if "embedder" in name)
    changed(played, accepted, uri=played.abandoned[0])
    assert any("one of its files never came" in fault for fault in PROMISES[8](played))


def test_an_upload_that_is_waited_for_without_end_is_noticed():
    terms = [Activate(terms=Terms(deadline=True)), *FIRST, Wait(until=WEEK), *ENDLESS, Finale(kind="runtime-distilled")]
    played = play(terms, CALM)
    assert list(PROMISES[9](played)) == []
    for name in played.world.store.names(names.SETTLED):
        if played.world.document(name)["uri"].startswith(played.abandoned[0]):
            played.world.store.documents[name] = canonical({**played.world.document(name), "uri": "elsewhere"})
    assert any("still waits, although its deadline has passed" in fault for fault in PROMISES[9](played))
