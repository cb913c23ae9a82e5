# SPDX-License-Identifier: Apache-2.0
"""How wrong may clocks be? Two may differ by `rollback.settle_seconds`; beyond that one incident may leave two releases."""

import random

import pytest
from tests.simulation.stories import CALM, FIRST, SECOND, THIRD, announced

from federation.core import event as events
from federation.simulation.actions import Alarm, Settle, Tick, Wait
from federation.simulation.chaos import SKEWS, Chaos
from federation.simulation.platform import POLICY
from federation.simulation.play import play
from federation.simulation.played import WAYS
from federation.simulation.promises import broken
from federation.simulation.story import WEEK

SETTLES = POLICY["rollback"]["settle_seconds"]
INCIDENT = [Wait(until=2 * WEEK + 2130), Alarm(count=3, lasts=20), Settle()]
WATCHED = [Wait(until=2 * WEEK + 2138), Tick(what="alarms"), Settle()]


def incident(seed, skew, way="bus"):
    chaos = Chaos(drawn=random.Random(seed), skew_seconds=skew)
    return play([*FIRST, *SECOND, *THIRD, *INCIDENT, *WATCHED], chaos, way)


def test_in_no_history_do_two_clocks_differ_by_more_than_a_release_settles_in():
    assert 2 * max(SKEWS) == SETTLES
    assert play([*FIRST, *SECOND], CALM).apart.total_seconds() < SETTLES


@pytest.mark.parametrize("way", WAYS)
def test_an_incident_leaves_one_release_while_clocks_differ_by_no_more_than_that(way):
    for seed in range(6):
        played = incident(seed, SETTLES / 2, way)
        assert broken(played, None) == ()
        assert len({event.id for event in announced(played, events.RELEASE_ROLLED_BACK)}) <= 1
        assert [move["kind"] for move in played.world.channel()["moves"]].count("roll_back") == 1


def test_where_clocks_differ_by_far_more_one_incident_leaves_two_and_the_check_says_so():
    faults = {fault for seed in range(30) for fault in broken(incident(seed, 4 * SETTLES), None)}
    assert "6: one incident of 3 alarms rolled back 2 times" in faults
