# SPDX-License-Identifier: Apache-2.0
"""Whatever crashes, races and comes twice: a job starts as one job, and no two are let in by the same money."""

import json
import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.core import event as events
from federation.core import names
from federation.core.budget import Budget, ledger_prefix
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.failure import sentence
from federation.simulation.chaos import Chaos
from federation.simulation.delivery import settle
from federation.simulation.platform import POLICY
from federation.simulation.played import Played
from federation.simulation.world import world

TAKEN = sentence("FAILED", "the machine was taken away", interrupted=True)
WRONG = sentence("FAILED", "The replica workerpool0-0 exited with a non-zero status of 42.")
JOB = {
    "image": "train",
    "arguments": [],
    "after_rollback": False,
    "max_minutes": 60,
    "on_demand_after_spot": True,
    "places": [
        {"platform": "gcp", "spot": True, "price": "1"},
        {"platform": "gcp", "price": "3"},
    ],
}


@dataclass
class Trainers:
    """Remembers what each name was started with; the jobs in `ended` did so without a unit, each with its sentence."""

    started: dict = field(default_factory=dict)
    ended: dict = field(default_factory=dict)

    def refusal(self, name, job):
        return None

    def launch(self, name, job):
        self.started.setdefault(name, []).append(canonical(job))

    def finished(self):
        return [
            {
                "provider": "vertex",
                "resource": name,
                "name": name,
                "failure": self.ended[name],
                "completed_at": "2026-01-05T00:00:00Z",
                "dedupe_key": f"vertex|{name}|FAILED",
            }
            for name in sorted(self.ended.keys() & self.started.keys())
        ]

    def artifact(self, resource):
        return None


def played(seed, asked, budget, hours=None, *, taken=False):
    """A world in which so many jobs were asked for, at rest."""
    found = world(Chaos(drawn=random.Random(seed), crash=0.15, twice=0.4, race=0.5))
    found = replace(found, trainer=Trainers())
    job = {**JOB, **({"hours": hours} if hours else {})}
    policy = {**POLICY, "jobs": {"embedder": job}, "budget": {"currency": "EUR", "amount": str(budget)}}
    found.store.documents[names.policy(1)] = canonical(policy)
    history = Played(world=found)
    for number in range(asked):
        arrive(history, events.JOB_REQUESTED, f"job {number}", kind="embedder")
    settle(history)
    if taken:
        found.trainer.ended.update(dict.fromkeys(sorted(found.trainer.started)[::2], TAKEN))
        sweep(history)
    return history


def arrive(history, type_, key, **data):
    event = Event(type=type_, source="//test", subject=key, time=history.now, key=key, data=data)
    history.world.bus.arrive(event)


def sweep(history):
    for copy in range(2):
        arrive(history, events.TICK_SWEEP, f"sweep|{history.now}|{copy}")
    settle(history)


def lines(history, month="2026-01"):
    store = history.world.store
    prefix = ledger_prefix(Budget(currency="EUR", amount=0), month)
    return [history.world.document(name) for name in store.names(prefix)]


def jobs(history, prefix):
    return {name.removeprefix(prefix) for name in history.world.store.names(prefix)}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(0, 5))
def test_as_many_jobs_run_as_the_money_bears_each_once(seed, asked, budget):
    history = played(seed, asked, budget)
    started = history.world.trainer.started
    assert len(started) == min(asked, budget), "each costs one"
    assert all(len(set(told)) == 1 for told in started.values()), "one name, one job"
    assert {line["job"] for line in lines(history)} == set(started)
    assert len(lines(history)) == len(started)
    assert len(jobs(history, names.REFUSED_JOBS)) == asked - len(started)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 14))
def test_what_was_taken_away_runs_once_more_if_the_money_bears_it(seed, asked, budget):
    history = played(seed, asked, budget, taken=True)
    trainer = history.world.trainer
    again = {name for name, told in trainer.started.items() if b"instead_of" in told[0]}
    assert sum(float(line["cost"]) for line in lines(history)) <= budget
    assert jobs(history, names.FAILED_JOBS) == trainer.ended.keys()
    first = len(trainer.started) - len(again)
    assert len(again) == min(len(trainer.ended), (budget - first) // 3), "each again costs three"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.booleans(), min_size=1, max_size=5))
def test_what_was_configured_wrong_never_runs_twice_and_what_was_taken_away_does(seed, wrong):
    history = played(seed, len(wrong), 100)
    trainer = history.world.trainer
    first = dict(zip(sorted(trainer.started), wrong, strict=True))
    for name, is_wrong in first.items():
        trainer.ended[name] = WRONG if is_wrong else TAKEN
        arrive(history, events.JOB_FAILED, f"{name} by another key", name=name, failure=trainer.ended[name])
    sweep(history)
    sweep(history)
    again = [json.loads(told[0]).get("instead_of") for name, told in trainer.started.items() if name not in first]
    assert sorted(again) == sorted(name for name, is_wrong in first.items() if not is_wrong)
    assert all(len(set(told)) == 1 for told in trainer.started.values()), "one name, one job"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_what_waits_for_the_night_starts_in_it_once(seed, asked):
    history = played(seed, asked, 100, hours={"opens": "0 22 * * *", "minutes": 600})
    for hour in (12, 23):
        history.minute = 60 * hour
        sweep(history)
    started = history.world.trainer.started
    assert len(started) == asked
    assert all(len(set(told)) == 1 for told in started.values()), "one name, one job"
    assert len(lines(history)) == asked


@pytest.mark.parametrize("seed", range(5))
def test_at_noon_nothing_of_the_night_starts(seed):
    history = played(seed, 0, 100, hours={"opens": "0 22 * * *", "minutes": 600})
    history.minute = 12 * 60
    arrive(history, events.JOB_REQUESTED, "job", kind="embedder")
    settle(history)
    sweep(history)
    assert history.world.trainer.started == {}
    assert len(jobs(history, names.HELD_JOBS)) == 1
