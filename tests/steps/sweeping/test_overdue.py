# SPDX-License-Identifier: Apache-2.0
"""A job of which nobody hears again: told once as lost, never before it must have ended, and never paid for twice."""

import dataclasses

import pytest
from msgspec.structs import replace
from tests.steps.jobs import FIXED, ON_DEMAND_TOO, PLACED, SPOT, ask

from federation.core import event as events
from federation.core import failure, names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.failure import cause_of
from federation.runtime import handle

JOB = {**PLACED, "places": [FIXED]}
"""Two hours at most: asked for on Monday at 08:00, it must have ended by Tuesday at 11:00, a day's slack included."""
BEFORE, AFTER, LATER = "2026-01-06T10:59:00Z", "2026-01-06T11:00:00Z", "2026-01-07T08:00:00Z"


class Platform:
    """A platform that tells of no job unless the test says so."""

    def __init__(self):
        self.started, self.told = [], []

    def refusal(self, name, job):
        return None

    def launch(self, name, job):
        self.started.append(name)

    def finished(self):
        return self.told

    def artifact(self, resource):
        return None

    def ends(self, job, **more):
        about = {"provider": "vertex", "resource": "projects/1/locations/here/customJobs/42", "dedupe_key": "vertex|42"}
        self.told = [{**about, "completed_at": "2026-01-05T10:00:00Z", **more}]
        if "failure" not in more:
            self.told[0]["artifact_uri"] = f"s3://bucket/{job}/model/"


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def home_on(home_under, platform):
    """A home whose jobs run on that platform, under the simulated policy with one job."""

    def on(job=JOB, **policy):
        home = home_under(jobs={"embedder": job}, **policy)
        home.local = dataclasses.replace(home.local, ports=replace(home.local.ports, trainer=platform))
        return home

    return on


def launched(home, key="one"):
    return ask(home, key)[-1].data["name"]


def lost(told):
    return [event.data["name"] for event in told if event.type == events.JOB_FAILED]


def test_a_job_of_which_nobody_hears_is_told_as_lost_once_it_must_have_ended_and_not_before(home_on):
    home = home_on()
    home.ship("embedder", 1)  # of another job
    name = launched(home)
    assert home.tick("sweep", BEFORE) == []
    (told,) = home.tick("sweep", AFTER)
    assert (told.type, told.subject, told.time) == (events.JOB_FAILED, name, AFTER)
    assert told.data["failure"].startswith(
        f"lost: it must have ended by {AFTER}, but neither its end nor an accepted unit"
    )
    assert home.tick("sweep", LATER) == []


def test_a_sweep_before_that_writes_nothing(home_on):
    home = home_on()
    launched(home)
    home.tick("sweep", BEFORE)
    assert home.decisions("sweep") == []


def test_what_it_may_have_cost_stays_counted_and_it_is_not_tried_again_for_it_may_still_run(home_on, platform):
    home = home_on(ON_DEMAND_TOO, budget={"currency": "EUR", "amount": "9"})
    name = launched(home)
    home.tick("sweep", LATER)
    ended = home.document(names.lost_job(name))
    assert cause_of(ended["failure"]) == "lost"
    assert ended["followed_by"] is None
    assert platform.started == [name]
    *_, why = [outcome.why for step, outcome in home.outcomes if step == "launch"]
    assert why.endswith(
        "not requested again, as it may still run: look for it on its platform, then use `federation train`"
    )
    (line,) = home.store.names(names.COMMITTED)
    assert home.document(line) == {"job": name, "cost": "0.60", "total": "0.60"}


def test_a_spot_job_may_wait_for_its_machine_as_long_as_it_may_run(home_on):
    home = home_on({**PLACED, "places": [SPOT]})
    launched(home)
    assert home.tick("sweep", "2026-01-06T12:59:00Z") == []
    assert lost(home.tick("sweep", "2026-01-06T13:00:00Z"))


def test_a_job_without_a_limit_is_never_late(home_on):
    home = home_on({key: value for key, value in JOB.items() if key != "max_minutes"})
    launched(home)
    assert home.tick("sweep", "2026-03-06T12:00:00Z") == []


def test_a_job_that_ended_well_is_not_lost_however_long_ago_its_platform_forgot_it(home_on, platform):
    home = home_on()
    name = launched(home)
    platform.ends(name)
    home.tick("sweep", "2026-01-05T11:00:00Z")
    platform.told = []
    assert lost(home.tick("sweep", "2026-03-06T12:00:00Z")) == []
    assert home.document(names.ended_job(name)) == {"name": name}


def test_its_end_is_written_down_once(home_on, platform):
    home = home_on()
    platform.ends(launched(home))
    for at in ("2026-01-05T11:00:00Z", "2026-01-05T12:00:00Z"):
        home.tick("sweep", at)
    assert len([one for one in home.decisions("sweep") if "ended: embedder-" in one["outcome"]["why"]]) == 1


def test_a_job_whose_unit_came_in_by_another_way_is_not_lost(home_on):
    """As of a job on Azure that ships to the Hub: only the webhook of its push tells of it."""
    home = home_on()
    name = launched(home)
    for number, repo in ((7, name), (8, "another")):
        version = {"uri": f"hf://models/spiralverse/{repo}@0123abcd/"}
        home.store.keep(names.version("embedder", number), canonical(version))
    assert lost(home.tick("sweep", LATER)) == []
    assert home.document(names.ended_job(name)) == {"name": name}


def test_a_job_that_failed_is_told_as_failed_and_never_as_lost(home_on, platform):
    home = home_on()
    name = launched(home)
    platform.ends(name, name=name, failure="FAILED: the disk is full")
    (told,) = home.tick("sweep", LATER)
    assert told.data["failure"] == "FAILED: the disk is full"
    assert home.document(names.ended_job(name)) is None, "which would say that it ended well"
    platform.told = []
    assert home.tick("sweep", "2026-01-08T08:00:00Z") == []


def test_how_it_ended_is_told_even_after_that_and_nothing_follows_for_somebody_may_have_asked_for_another(
    home_on, platform
):
    """As when its platform was out of reach for days."""
    home = home_on(ON_DEMAND_TOO)
    name = launched(home)
    assert lost(home.tick("sweep", LATER)) == [name]
    platform.ends(name, name=name, failure="interrupted: FAILED: the machine was taken away")
    (told,) = home.tick("sweep", "2026-01-08T08:00:00Z")
    assert told.data["failure"].endswith("the machine was taken away")
    assert home.document(names.failed_job(name))["followed_by"] is None
    assert platform.started == [name]
    *_, why = [outcome.why for step, outcome in home.outcomes if step == "launch"]
    assert why.endswith("as it was reported lost before: use `federation train`, unless somebody has done so")
    assert home.tick("sweep", "2026-01-09T08:00:00Z") == []


def test_that_it_is_lost_is_no_news_to_whoever_has_heard_how_it_ended(home_on, platform):
    """The two came in the other order."""
    home = home_on()
    name = launched(home)
    home.now = LATER
    record = home.document(names.job(name))
    home.local.bus.announce([failure.loss_event(name, record["job"], AFTER)])
    home.store.keep(names.failed_job(name), canonical({"name": name, "failure": "FAILED: a disk", "followed_by": None}))
    home.drain()
    assert home.store.names(names.LOST_JOBS) == []


def test_a_job_whose_unit_waits_for_its_files_is_not_lost(home_on):
    home = home_on()
    name = launched(home)
    place = f"s3://bucket/{name}/model/"
    home.tell(events.ARTIFACT_COMPLETED, subject=place, key=place, artifact_uri=place, provider="s3")
    assert home.store.names(names.WAITING)
    assert lost(home.tick("sweep", LATER)) == []


def test_a_request_that_comes_again_does_not_start_anew_what_is_lost(home_on, platform):
    """Its platform has forgotten the name, and would take it for another job."""
    home = home_on()
    name = launched(home)
    home.tick("sweep", LATER)
    (told,) = ask(home)
    assert told.type == events.JOB_REFUSED
    assert told.data["why"] == f"{name} was reported lost: look for it on its platform, then use `federation train`"
    assert platform.started == [name]


def test_a_job_whose_launch_was_redriven_has_its_whole_time_from_then(home_on, platform):
    home = home_on()
    name = launched(home)
    home.now = "2026-01-06T09:00:00Z"
    ask(home)
    assert platform.started == [name, name], "and a trainer starts a name once"
    assert home.tick("sweep", "2026-01-07T11:59:00Z") == []
    assert lost(home.tick("sweep", "2026-01-07T12:00:00Z")) == [name]


def test_two_sweeps_that_find_it_at_once_tell_one_and_the_same_event(home_on):
    home = home_on()
    name = launched(home)
    ticks = [Event(type=events.TICK_SWEEP, source="//test", subject="x", time=LATER, key=key, data={}) for key in "ab"]
    first, second = (handle("sweep", tick, home.local.ports, LATER).events for tick in ticks)
    assert first == second
    home.drain()
    assert home.store.names(names.LOST_JOBS) == [names.lost_job(name)]


def test_a_sweep_reads_the_record_of_the_job_that_is_late_and_of_no_other(home_on):
    home = home_on()
    late = launched(home)
    home.now = BEFORE
    launched(home, "two")
    home.tick("sweep", AFTER)
    decision = next(one for one in home.decisions("sweep") if "lost: " in one["outcome"]["why"])
    read = [one["of"] for one in decision["reads"] if one["what"] == "document"]
    assert [name for name in read if name.startswith("jobs/")] == [names.job(late)]
    home.assert_decides_again(decision)
