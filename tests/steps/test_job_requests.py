# SPDX-License-Identifier: Apache-2.0
"""A roll-back lost a unit, or a job ended without one, or found no machine: which job follows, and where?"""

import dataclasses
import json
import shutil

import pytest
from msgspec.structs import replace

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.core.failure import sentence
from federation.errors import CapacityError, ContractError, ServiceError
from federation.runtime import handle
from tests.steps.home import Crashing
from tests.steps.jobs import (
    FIXED,
    JOB,
    MIDNIGHT,
    ON_DEMAND_TOO,
    PLACED,
    SPOT,
    Region,
    ask,
    requested,
    started,
    verdicts,
)

WRONG = sentence("FAILED", "The replica workerpool0-0 exited with a non-zero status of 42.")


def fails(home, name, failure="the machine was taken away"):
    """Let the sweep find that a job has failed, as its platform would tell."""
    told = {
        "provider": "vertex",
        "resource": f"projects/1/locations/europe-west4/customJobs/{name}",
        "name": name,
        "completed_at": home.now,
        "dedupe_key": f"vertex|{name}|FAILED",
        "failure": failure,
    }
    (home.local.folder / "jobs" / name / "completion.json").write_text(json.dumps(told))
    return home.tick("sweep", home.now)


@pytest.mark.parametrize(("wanted", "trained"), [(True, ["embedder"]), (False, [])])
def test_a_roll_back_has_only_what_it_quarantined_trained_again_and_only_if_the_policy_says_so(
    home_under, wanted, trained
):
    jobs = {"embedder": {**JOB, "after_rollback": wanted}, "textgen-lora": {**JOB, "platform": "hf"}}
    home = home_under(jobs=jobs).second_release()
    home.now = "2026-01-13T11:00:00Z"
    home.alarm()
    asked = [*home.told(events.JOB_LAUNCHED), *home.told(events.JOB_REFUSED)]
    assert [event.subject for event in asked] == trained


def test_a_distillation_is_told_its_teacher_and_who_asked(home_under):
    home = home_under(jobs={"embedder": JOB})
    ask(home, teacher="spiralverse-ai-federated-v1.0.0")
    (job,) = started(home).values()
    assert job["teacher"] == "spiralverse-ai-federated-v1.0.0"
    asking = Event(type=events.JOB_REQUESTED, source="", subject="", time="", key="one", data={})
    assert job["asked_by"] == asking.id


def test_a_job_that_ended_without_a_unit_is_told_once_with_its_reason(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}})
    name = ask(home)[-1].data["name"]
    (told,) = fails(home, name, "FAILED: the disk is full")
    assert told.type == events.JOB_FAILED
    assert told.data["failure"] == "FAILED: the disk is full"
    assert home.document(names.failed_job(name)) == {
        "name": name,
        "failure": told.data["failure"],
        "at": told.time,
        "followed_by": None,
    }
    assert home.tick("sweep", "2026-01-06T08:00:00Z") == []


def test_a_failed_job_that_we_did_not_launch_is_nobodys_business(home_under):
    home = home_under(jobs={"embedder": JOB})
    (home.local.folder / "jobs" / "foreign").mkdir(parents=True)
    assert fails(home, "foreign") == []


def test_a_spot_job_that_was_taken_away_runs_once_more_on_demand(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    first = ask(home, teacher="v1")[-1].data["name"]
    failed, again = fails(home, first)
    assert (failed.type, again.type) == (events.JOB_FAILED, events.JOB_LAUNCHED)
    second = again.data["name"]
    assert verdicts(again) == {
        "gcp europe-west4 g2 on demand": "chosen",
        "gcp europe-west4 g2 spot": "refused",
    }
    assert started(home)[second]["instead_of"] == first
    assert started(home)[second]["teacher"] == "v1"
    assert home.document(names.failed_job(first))["followed_by"] == second
    home.now = MIDNIGHT
    assert [told.type for told in fails(home, second)] == [events.JOB_FAILED], "and not a third time"


def test_a_policy_that_does_not_say_so_lets_a_failed_spot_job_be(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT, FIXED]}})
    name = ask(home)[-1].data["name"]
    assert [told.type for told in fails(home, name)] == [events.JOB_FAILED]
    assert len(started(home)) == 1


def test_a_job_that_ran_on_demand_from_the_start_is_not_paid_for_again(home_under):
    home = home_under(jobs={"embedder": {**ON_DEMAND_TOO, "places": [FIXED]}})
    name = ask(home)[-1].data["name"]
    assert [told.type for told in fails(home, name)] == [events.JOB_FAILED]
    assert list(started(home)) == [name]


def test_a_failed_job_of_a_kind_that_the_policy_gave_up_meanwhile_is_told_and_let_be(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    name = ask(home)[-1].data["name"]
    home.activate(2, jobs={})
    assert [told.type for told in fails(home, name)] == [events.JOB_FAILED]
    assert home.document(names.failed_job(name))["followed_by"] is None


def test_a_request_that_comes_again_after_its_job_has_ended_starts_nothing(home_under):
    """Its platform may have forgotten the name by then, and would take it for a new job."""
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}})
    name = ask(home)[-1].data["name"]
    fails(home, name)
    shutil.rmtree(home.local.folder / "jobs" / name)
    assert [told.type for told in ask(home)] == [events.JOB_LAUNCHED], "which it was"
    assert started(home) == {}


def test_what_was_written_down_to_follow_a_job_follows_it_whatever_is_said_and_wanted_after_a_crash(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    first = ask(home)[-1].data["name"]
    ports = replace(home.local.ports, store=Crashing(home.store, names.EXPECTED_JOBS))
    with pytest.raises(ServiceError):
        handle("launch", failed(home, first, "the machine was taken away"), ports, home.now)
    second = home.document(names.failed_job(first))["followed_by"]
    home.activate(2, jobs={"embedder": {**ON_DEMAND_TOO, "on_demand_after_spot": False}})
    lacking = sentence("FAILED", "CapacityError: Unable to provision requested ML compute capacity.")
    handle("launch", failed(home, first, lacking), home.local.ports, home.now)
    assert started(home)[second]["instead_of"] == first


def failed(home, name, failure):
    data = {"name": name, "failure": failure}
    return Event(type=events.JOB_FAILED, source="//test", subject="x", time=home.now, key="failed", data=data)


def test_a_job_that_is_configured_wrong_is_not_tried_again_and_says_what_to_mend(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    name = ask(home)[-1].data["name"]
    (told,) = fails(home, name, WRONG)
    assert told.data["failure"].startswith("configured wrong: FAILED: The replica")
    whys = [found["outcome"]["why"] for found in home.decisions("launch")]
    (why,) = [one for one in whys if one.startswith(f"{name} ended without a unit: configured wrong: ")]
    assert why.endswith("not requested again: it would fail the same way; fix the cause first")
    assert home.document(names.failed_job(name))["followed_by"] is None
    assert list(started(home)) == [name]


def test_whoever_asks_for_it_again_after_mending_gets_it(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    fails(home, ask(home)[-1].data["name"], WRONG)
    (launched,) = ask(home, key="mended")
    assert launched.type == events.JOB_LAUNCHED


@pytest.mark.parametrize(
    "later", [WRONG, "FAILED: in other words", sentence("FAILED", "its machine", interrupted=True)]
)
@pytest.mark.parametrize(("first", "runs"), [(WRONG, 1), ("FAILED: the machine was taken away", 2)])
def test_what_was_told_first_of_a_jobs_end_stands_whatever_is_told_later(home_under, first, later, runs):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    name = ask(home)[-1].data["name"]
    fails(home, name, first)
    written = home.document(names.failed_job(name))
    for key in ("the same end by another key", "and another"):
        home.tell(events.JOB_FAILED, key=key, name=name, failure=later)
    assert home.document(names.failed_job(name)) == written
    assert len(started(home)) == runs


class Invalid(Region):
    """A platform that refuses a job only when it is to begin, as Kubernetes does one that breaks a rule of its cluster."""

    def refusal(self, name, job):
        return None

    def launch(self, name, job):
        raise ContractError(f"job {name} cannot run: 422 Unprocessable Entity")


def test_what_the_platform_refuses_when_it_is_to_begin_has_failed_and_is_not_tried_again(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    home.local = dataclasses.replace(
        home.local, ports=replace(home.local.ports, trainer=Invalid(home.local.ports.trainer, ""))
    )
    ask(home)
    ask(home)
    (name,) = {event.data["name"] for event in home.told(events.JOB_LAUNCHED)}
    ended = home.document(names.failed_job(name))
    assert "422 Unprocessable Entity" in ended["failure"]
    assert ended["followed_by"] is None


class Full(Region):
    """A platform that has no machine for a job at the places of `full`, and starts it elsewhere."""

    full = ("g2 spot",)

    def refusal(self, name, job):
        return None

    def launch(self, name, job):
        place = f"{job['machine']} {'spot' if job.get('spot') else 'on demand'}"
        if place in self.full:
            raise CapacityError(f"no {place} for {name}")
        self._trainer.launch(name, job)

    def finished(self):
        return self._trainer.finished()


def full_at(home, *places):
    """The home, where those places have no machine."""
    trainer = Full(home.local.ports.trainer, "")
    trainer.full = places
    home.local = dataclasses.replace(home.local, ports=replace(home.local.ports, trainer=trainer))
    return trainer


THREE = [SPOT, FIXED, {**FIXED, "machine": "a2", "price": "2.00"}]


def test_where_there_is_no_machine_the_next_place_is_asked_and_the_one_after_it(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": THREE}})
    full_at(home, "g2 spot", "g2 on demand")
    ask(home, teacher="v1")
    first, second, third = (event.data["name"] for event in home.told(events.JOB_LAUNCHED))
    assert list(started(home)) == [third]
    told = started(home)[third]
    assert (told["machine"], told["teacher"]) == ("a2", "v1")
    assert told["turned_away"] == ["gcp europe-west4 g2 spot", "gcp europe-west4 g2 on demand"]
    assert [home.document(names.failed_job(name))["followed_by"] for name in (first, second)] == [second, third]
    (why,) = [
        one["outcome"]["why"] for one in home.decisions("launch") if one["outcome"]["why"].startswith(f"{first} ended")
    ]
    assert "no capacity: REFUSED: no g2 spot for" in why
    assert f"requested again at another place as {second}" in why
    refused = {one["place"]: one["why"] for one in home.document(names.job(third))["told"]["places"][1:]}
    assert set(refused.values()) == {"it had no machine for this job when it was tried"}


def test_a_request_of_an_earlier_version_names_the_places_without_a_machine_in_one_text(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": THREE}})
    ask(home, turned_away="gcp europe-west4 g2 spot; gcp europe-west4 g2 on demand")
    assert [(job["machine"], job["turned_away"]) for job in started(home).values()] == [
        ("a2", ["gcp europe-west4 g2 spot", "gcp europe-west4 g2 on demand"])
    ]


def test_a_job_record_says_whether_another_place_may_run_it(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT, FIXED]}})
    ask(home)
    ask(home, key="two", turned_away=["gcp europe-west4 g2 spot"])
    records = [home.document(names.job(name)) for name in started(home)]
    assert sorted((record["job"]["price"], record["elsewhere"]) for record in records) == [
        (SPOT["price"], True),
        (FIXED["price"], False),
    ]


def test_a_job_that_was_turned_away_does_not_start_there_when_it_is_told_again_and_a_machine_is_free(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": THREE}})
    trainer = full_at(home, "g2 spot")
    ask(home)
    trainer.full = ()
    ask(home)
    assert [job["price"] for job in started(home).values()] == [FIXED["price"]]


def test_a_job_that_was_turned_away_does_not_start_there_though_nobody_has_heard_of_that_yet(home_under):
    """Its request comes twice before the other place is asked: it would run at both."""
    home = home_under(jobs={"embedder": {**PLACED, "places": THREE}})
    trainer = full_at(home, "g2 spot")
    for _ in range(2):
        handle("launch", requested(home), home.local.ports, home.now)
        trainer.full = ()
    assert started(home) == {}
    home.drain()
    assert [job["price"] for job in started(home).values()] == [FIXED["price"]]


def test_where_no_other_place_may_have_a_machine_the_event_waits_for_one(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}})
    trainer = full_at(home, "g2 spot")
    with pytest.raises(CapacityError):
        handle("launch", requested(home), home.local.ports, home.now)
    trainer.full = ()
    handle("launch", requested(home), home.local.ports, home.now)
    assert [job["price"] for job in started(home).values()] == [SPOT["price"]]


def test_where_the_money_is_not_enough_for_another_place_the_event_waits_too(home_under):
    """0.60 are held back for the spot machine; of 2.00 no 1.80 are left."""
    home = home_under(
        jobs={"embedder": {**PLACED, "places": [SPOT, FIXED]}}, budget={"currency": "EUR", "amount": "2.00"}
    )
    trainer = full_at(home, "g2 spot")
    for _ in range(2):
        with pytest.raises(CapacityError):
            handle("launch", requested(home), home.local.ports, home.now)
    trainer.full = ()
    handle("launch", requested(home), home.local.ports, home.now)
    assert [job["price"] for job in started(home).values()] == [SPOT["price"]]
    assert home.told(events.JOB_REFUSED) == []


def test_a_job_that_got_no_machine_within_its_platforms_patience_is_tried_elsewhere_and_then_no_more(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [FIXED, THREE[2]]}})
    lacking = sentence("FAILED", "CapacityError: Unable to provision requested ML compute capacity.")
    first = ask(home)[-1].data["name"]
    second = fails(home, first, lacking)[-1].data["name"]
    assert started(home)[second]["machine"] == "a2"
    home.now = MIDNIGHT
    assert [told.type for told in fails(home, second, lacking)] == [events.JOB_FAILED]
    (why,) = [
        one["outcome"]["why"] for one in home.decisions("launch") if one["outcome"]["why"].startswith(f"{second} ended")
    ]
    assert why.endswith("not requested again: no other place in the policy may run it")


def test_what_runs_on_demand_after_a_lost_spot_machine_does_not_go_back_to_spot(home_under):
    dear = {**SPOT, "machine": "a2", "price": "0.50"}
    home = home_under(jobs={"embedder": {**ON_DEMAND_TOO, "places": [SPOT, dear, FIXED, THREE[2]]}})
    first = ask(home)[-1].data["name"]
    full_at(home, "g2 on demand")
    fails(home, first)
    third = home.told(events.JOB_LAUNCHED)[-1].data["name"]
    assert (started(home)[third]["machine"], started(home)[third].get("spot")) == ("a2", None)
    assert started(home)[third]["instead_of"] == first


def test_what_was_written_down_to_follow_a_job_follows_it_though_the_policy_wants_it_no_more(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    first = ask(home)[-1].data["name"]
    taken_away = failed(home, first, "the machine was taken away")
    ports = replace(home.local.ports, store=Crashing(home.store, names.EXPECTED_JOBS))
    with pytest.raises(ServiceError):
        handle("launch", taken_away, ports, home.now)
    second = home.document(names.failed_job(first))["followed_by"]
    home.activate(2, jobs={"embedder": {**ON_DEMAND_TOO, "on_demand_after_spot": False}})
    handle("launch", taken_away, home.local.ports, home.now)
    assert started(home)[second]["instead_of"] == first


class Down(Full):
    """A platform that does not answer."""

    def launch(self, name, job):
        raise ServiceError("the platform is down")


def test_a_job_that_an_earlier_version_could_not_start_is_tried_at_the_next_place_too(home_under):
    """Its record does not say whether there is one; the places that it names do."""
    home = home_under(jobs={"embedder": {**PLACED, "places": THREE}})
    down = replace(home.local.ports, trainer=Down(home.local.ports.trainer, ""))
    with pytest.raises(ServiceError):
        handle("launch", requested(home), down, home.now)
    full_at(home, "g2 spot")
    ask(home)
    assert [job["price"] for job in started(home).values()] == [FIXED["price"]]


def test_a_failure_that_is_dated_to_next_year_is_heard_today(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO}, budget={"currency": "EUR", "amount": "9.00"})
    first = ask(home)[-1].data["name"]
    told = {
        "provider": "vertex",
        "resource": f"projects/1/locations/europe-west4/customJobs/{first}",
        "name": first,
        "completed_at": "2027-06-01T00:00:00Z",
        "dedupe_key": f"vertex|{first}|FAILED",
        "failure": "the machine was taken away",
    }
    (home.local.folder / "jobs" / first / "completion.json").write_text(json.dumps(told))
    home.tick("sweep", home.now)
    assert home.document(names.failed_job(first))["at"] == home.now
    assert len(started(home)) == 2
