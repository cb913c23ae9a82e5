# SPDX-License-Identifier: Apache-2.0
"""Launches race for a month's money: each that starts has paid, none that could have paid is refused, and checks notice."""

import random

import pytest
from tests.simulation.sabotage import changed
from tests.simulation.stories import CALM, FIRST, announced

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.simulation.actions import Activate, Ask, Finale, Settle, Tick, Wait
from federation.simulation.chaos import Chaos
from federation.simulation.play import play
from federation.simulation.played import WAYS
from federation.simulation.policies import AMOUNT, Terms
from federation.simulation.promises import PROMISES, broken
from federation.simulation.story import DAY, WEEK

SCARCE = [Activate(terms=Terms(jobs=True, budget=True)), *FIRST, Wait(until=WEEK)]
RACE = [*(Ask(copies=2) for _ in range(AMOUNT + 2)), Settle()]
NIGHT = [Wait(until=WEEK + DAY), Tick(what="sweep", copies=2), Settle()]


@pytest.mark.parametrize("way", WAYS)
def test_of_seven_launches_at_once_five_get_the_money_and_two_are_told_that_it_is_gone(way):
    for seed in range(6):
        played = play([*SCARCE, *RACE], Chaos(drawn=random.Random(seed), race=0.5, crash=0.1), way)
        assert len(played.world.trainer.started) == AMOUNT
        refused = {event.data["name"] for event in announced(played, events.JOB_REFUSED)}
        assert len(refused) == len(played.world.store.names(names.REFUSED_JOBS)) == 2
        assert broken(played, None) == ()


@pytest.mark.parametrize("way", WAYS)
def test_what_was_taken_away_races_with_what_is_asked_for_anew(way):
    again = [*SCARCE, Ask(), Ask(), Settle(), *NIGHT[:2], Ask(), Ask(), Settle(), Finale(kind="embedder")]
    for seed in range(6):
        played = play(again, Chaos(drawn=random.Random(seed), race=0.5, crash=0.1), way)
        assert broken(played, None) == ()


def raced():
    played = play([*SCARCE, *RACE], CALM)
    assert list(PROMISES[4](played)) == []
    return played


def test_a_job_that_starts_without_its_money_is_noticed():
    played = raced()
    del played.world.store.documents[played.world.store.names(names.COMMITTED)[-1]]
    assert any("was started, and 0 are committed for it" in fault for fault in PROMISES[4](played))


def test_money_for_a_job_that_never_starts_is_noticed():
    played = play([*SCARCE, Ask(), Settle(), Finale(kind="embedder")], CALM)
    assert list(PROMISES[4](played)) == []
    (line, *_) = played.world.store.names(names.COMMITTED)
    changed(played, line, job="forgotten")
    assert any("are committed for forgotten, which was never started" in fault for fault in PROMISES[4](played))


def test_a_refusal_for_want_of_money_that_is_there_is_noticed():
    played = raced()
    refused = played.world.document(played.world.store.names(names.REFUSED_JOBS)[0])
    rich = play([*SCARCE, Ask(), Settle()], CALM)
    assert list(PROMISES[4](rich)) == []
    rich.world.store.documents[names.refused_job("poor")] = canonical(refused)
    assert any("of 2026-01, and 4" in fault for fault in PROMISES[4](rich))
