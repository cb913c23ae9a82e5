# SPDX-License-Identifier: Apache-2.0
"""What functions elsewhere decide is seen in the store, for as long as there is news."""

import pytest

from federation.cli.home.watch import QUIET_SECONDS, Watch
from federation.core import event as events
from federation.core.decision import Decision
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.outcome import Outcome
from federation.local.database import Database
from federation.local.store import LocalStore


def event(type_, key="1"):
    return Event(type=type_, source="//test", subject="s", time="2026-01-05T08:00:00Z", key=key, data={})


HOLD = event(events.HOLD_ORDERED)
DONE = event(events.ORDER_CARRIED_OUT)
TICK = event(events.TICK_MERGE)
ASKED = event(events.GATE_REQUESTED)
PASSED = event(events.UNIT_PASSED)


class Elsewhere:
    """A store in which decisions appear as time passes; nobody sleeps."""

    def __init__(self, store):
        self.store = store
        self.seconds = 0.0
        self.to_come = []
        self.pauses = []

    def clock(self):
        return self.seconds

    def pause(self, seconds):
        assert seconds > 0
        self.pauses.append(seconds)
        self.seconds += seconds
        for at, *decision in list(self.to_come):
            if at <= self.seconds:
                self.to_come.remove((at, *decision))
                self.decide(*decision)

    def decide(self, step, about, why, *told):
        outcome = Outcome(why=why, events=told)
        decision = Decision(
            step=step, event=about, now=f"2026-01-05T08:00:{len(self.pauses):02}Z", trace=[], outcome=outcome
        )
        self.store.keep(decision.name, canonical(decision.document()))

    def watch(self, *announced):
        return Watch(self.store, announced, self.clock, self.pause)


@pytest.fixture
def elsewhere():
    database = Database(None)
    yield Elsewhere(LocalStore(database))
    database.close()


def whys(progress):
    return [one.why for one in progress.decisions]


def test_an_order_is_over_when_its_step_has_decided_and_nobody_hears_what_it_told(elsewhere):
    watch = elsewhere.watch(HOLD)
    elsewhere.to_come = [(3.0, "govern", HOLD, "held", DONE)]
    progress = watch.until_settled(30)
    assert (whys(progress), progress.open) == (["held"], [])
    assert elsewhere.seconds < 5


def test_what_follows_is_told_in_its_order(elsewhere):
    watch = elsewhere.watch(TICK)
    elsewhere.to_come = [
        (1.0, "fuse", TICK, "asks the gates", ASKED),
        (4.0, "gate", ASKED, "passes", PASSED),
        (8.0, "fuse", PASSED, "assembles"),
    ]
    progress = watch.until_settled(30)
    assert whys(progress) == ["asks the gates", "passes", "assembles"]
    assert progress.open == []


def test_what_follows_is_not_waited_for_when_nothing_is_new(elsewhere):
    watch = elsewhere.watch(TICK)
    elsewhere.to_come = [(1.0, "fuse", TICK, "asks the gates", ASKED)]
    progress = watch.until_settled(30)
    assert (whys(progress), progress.open) == (["asks the gates"], [])
    assert QUIET_SECONDS <= elsewhere.seconds < QUIET_SECONDS + 5


def test_what_nobody_decided_about_is_open_when_the_wait_is_over(elsewhere):
    progress = elsewhere.watch(HOLD).until_settled(30)
    assert (whys(progress), progress.open) == ([], [HOLD])
    assert elsewhere.seconds == pytest.approx(30)


def test_who_does_not_wait_does_not_look(elsewhere):
    elsewhere.decide("govern", HOLD, "held before", DONE)
    progress = elsewhere.watch(HOLD).until_settled(0)
    assert (whys(progress), progress.open) == ([], [HOLD])
    assert elsewhere.pauses == []


def test_what_was_decided_before_is_told_when_no_other_decision_comes(elsewhere):
    elsewhere.decide("govern", HOLD, "held before", DONE)
    progress = elsewhere.watch(HOLD).until_settled(30)
    assert (whys(progress), progress.open) == (["held before"], [])
    assert elsewhere.seconds < QUIET_SECONDS + 3


def test_a_new_decision_counts_more_than_the_one_before(elsewhere):
    elsewhere.decide("fuse", TICK, "skipped before")
    watch = elsewhere.watch(TICK)
    elsewhere.to_come = [(2.0, "fuse", TICK, "assembled now")]
    assert whys(watch.until_settled(30)) == ["assembled now"]


def test_what_no_step_hears_is_not_waited_for(elsewhere):
    progress = elsewhere.watch(DONE).until_settled(30)
    assert (whys(progress), progress.open) == ([], [])
    assert elsewhere.pauses == []


def test_it_asks_less_often_the_longer_it_takes(elsewhere):
    elsewhere.watch(HOLD).until_settled(60)
    assert elsewhere.pauses[0] < 0.5
    assert max(elsewhere.pauses) == 2.0
    assert len(elsewhere.pauses) < 45
