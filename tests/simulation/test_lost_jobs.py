# SPDX-License-Identifier: Apache-2.0
"""A job is deleted on its platform, and nobody hears how it ended: it is told, and the checks notice if it is not."""

import random

import pytest
from tests.simulation.stories import CALM, FIRST

from federation.core import names
from federation.core.digest import canonical
from federation.simulation.actions import Activate, Ask, Settle, Tick, Wait
from federation.simulation.chaos import Chaos
from federation.simulation.play import play
from federation.simulation.played import WAYS
from federation.simulation.policies import Terms
from federation.simulation.promises import PROMISES, broken
from federation.simulation.story import DAY, WEEK

ASKED = [Activate(terms=Terms(jobs=True)), *FIRST, Wait(until=WEEK), *(Ask(copies=1) for _ in range(12)), Settle()]
DAYS = [step for day in range(1, 5) for step in (Wait(until=WEEK + day * DAY), Tick(what="sweep", copies=2), Settle())]


def gone(played):
    return {name for name, end in played.world.trainer.ended.items() if end is None}


def told_as_lost(played):
    documents = map(played.world.document, played.world.store.names(names.LOST_JOBS))
    return {one["name"] for one in documents if one["failure"].startswith("lost: ")}


@pytest.mark.parametrize("way", WAYS)
def test_of_jobs_that_are_gone_each_is_told_and_none_of_those_that_ended(way):
    for seed in range(3):
        played = play([*ASKED, *DAYS], Chaos(drawn=random.Random(seed), race=0.3, crash=0.1), way)
        assert gone(played)
        assert told_as_lost(played) == gone(played)
        assert broken(played, None) == ()


def test_a_job_that_is_called_lost_and_has_ended_is_noticed():
    played = play([*ASKED, *DAYS], CALM)
    ended = next(iter(played.world.trainer.ended.keys() - gone(played)))
    falsely = {"name": ended, "failure": "lost: nobody has heard of it"}
    played.world.store.documents[names.lost_job(ended)] = canonical(falsely)
    assert f"{ended} was reported lost, but it has ended" in PROMISES[4](played)


def test_a_job_that_is_gone_and_of_which_nobody_is_told_is_noticed():
    played = play([*ASKED, *DAYS], CALM)
    name = next(iter(gone(played)))
    del played.world.store.documents[names.lost_job(name)]
    played.finale = ("embedder", "")
    assert any(f"{name} is gone, must have ended by" in fault for fault in PROMISES[4](played))
