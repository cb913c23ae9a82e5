# SPDX-License-Identifier: Apache-2.0
"""Somebody asks for a job: it runs once, where the data may be read, for the least money, in its hours, or is refused."""

import dataclasses
import json
import re

import pytest
from msgspec.structs import replace

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.core.failure import sentence
from federation.errors import CapacityError, ConflictError, ContractError
from federation.recorded import RecordedReads
from federation.runtime import handle
from federation.simulation.platform import POLICY
from federation.steps import launch
from federation.wiring.several import TrainerByPlatform

JOB = {"platform": "gcp", "image": "json.tool", "arguments": ["--help"], "after_rollback": True}
SPOT = {"platform": "gcp", "machine": "g2", "region": "europe-west4", "spot": True, "price": "0.30"}
FIXED = {"platform": "gcp", "machine": "g2", "region": "europe-west4", "price": "0.90"}
ABROAD = {"platform": "gcp", "machine": "g2", "region": "us-central1", "spot": True, "price": "0.10"}
PLACED = {"image": "json.tool", "arguments": ["--help"], "after_rollback": True, "max_minutes": 120}
EUROPE = [{"name": "tickets", "platform": "gcp", "region": "europe-west4"}]
BUDGET = {"currency": "EUR", "amount": "1.00"}
NIGHT = {"opens": "0 22 * * *", "minutes": 600}
ON_DEMAND_TOO = {**PLACED, "places": [SPOT, FIXED], "on_demand_after_spot": True}
WRONG = sentence("FAILED", "The replica workerpool0-0 exited with a non-zero status of 42.")
NOON, MIDNIGHT = "2026-01-05T11:00:00Z", "2026-01-06T00:30:00Z"


def ask(home, key="one", **data):
    return home.tell(events.JOB_REQUESTED, key=key, kind="embedder", **data)


def started(home):
    """What each process was told to do, by the job's name."""
    jobs = home.local.folder / "jobs"
    return {folder.name: json.loads((folder / "job.json").read_bytes()) for folder in jobs.glob("*")}


class Region:
    """A platform that starts jobs in one region, as those of the clouds do."""

    def __init__(self, trainer, region):
        self._trainer = trainer
        self._region = region

    def refusal(self, name, job):
        return None if job["region"] == self._region else f"jobs run in {self._region}, not in {job['region']}"

    def launch(self, name, job):
        self._trainer.launch(name, job)


def reaching(home, platform="gcp", region="europe-west4"):
    """Ports of a home that can start jobs on that platform in that region, and nowhere else."""
    ports = home.local.ports
    return replace(ports, trainer=TrainerByPlatform({platform: lambda: Region(ports.trainer, region)}))


def requested(home, key="one"):
    """A request for an embedder."""
    data = {"kind": "embedder"}
    return Event(type=events.JOB_REQUESTED, source="//test", subject="x", time=home.now, key=key, data=data)


def asked(home, ports, key="one"):
    """What `launch` decides about a request, carried out in that world."""
    return handle("launch", requested(home, key), ports, home.now)


def verdicts(told):
    return {one["place"]: one["verdict"] for one in told.data["places"]}


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


def test_a_kind_the_policy_describes_is_launched_once(home_under):
    home = home_under(jobs={"embedder": JOB})
    for _ in range(2):
        ask(home)
    (name,) = started(home)
    assert re.fullmatch("embedder-[0-9a-f]{12}", name), "short enough for every platform"
    assert {event.data["name"] for event in home.told(events.JOB_LAUNCHED)} == {name}


def test_a_kind_without_a_job_is_refused_with_what_to_do(home):
    for _ in range(2):
        (told,) = ask(home)
        assert told.type == events.JOB_REFUSED
        assert "add one under jobs.embedder" in told.data["why"]
    (stored,) = home.store.names(names.REFUSED_JOBS)
    assert home.document(stored)["why"] == told.data["why"]


def test_a_roll_back_asks_for_a_retraining_of_what_it_quarantined(home_under):
    home = home_under(jobs={"embedder": JOB}).second_release()
    home.now = "2026-01-13T11:00:00Z"
    home.tell(events.SLO_BREACHED, at=home.now)
    assert [event.subject for event in home.told(events.JOB_LAUNCHED)] == ["embedder"]


def test_a_distillation_is_told_its_teacher_and_who_asked(home_under):
    home = home_under(jobs={"embedder": JOB})
    ask(home, teacher="spiralverse-ai-federated-v1.0.0")
    (job,) = started(home).values()
    assert job["teacher"] == "spiralverse-ai-federated-v1.0.0"
    asking = Event(type=events.JOB_REQUESTED, source="", subject="", time="", key="one", data={})
    assert job["asked_by"] == asking.id


def test_the_cheapest_place_that_keeps_the_data_at_home_is_taken_and_every_other_one_explained(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [ABROAD, FIXED, SPOT], "data": EUROPE}})
    (told,) = ask(home)
    assert verdicts(told) == {
        "gcp europe-west4 g2 spot": "chosen",
        "gcp europe-west4 g2 on demand": "possible",
        "gcp us-central1 g2 spot": "refused",
    }
    assert "tickets lies at gcp europe-west4 and does not leave" in told.data["places"][-1]["why"]
    (job,) = started(home).values()
    assert (job["region"], job["spot"], job["price"]) == ("europe-west4", True, "0.30")
    assert "places" not in job


def test_where_all_places_would_take_the_data_abroad_nothing_runs(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [ABROAD], "data": EUROPE}})
    (told,) = ask(home)
    assert told.type == events.JOB_REFUSED
    assert "this place is gcp us-central1" in told.data["why"]
    assert started(home) == {}


def test_the_months_money_is_a_hard_stop_that_names_the_amounts(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget=BUDGET)
    launched, refused = (ask(home, key=key)[-1] for key in ("one", "two"))
    assert (launched.type, refused.type) == (events.JOB_LAUNCHED, events.JOB_REFUSED)
    assert refused.data["why"].endswith(
        "up to 0.60 EUR do not fit: of 1.00 EUR for 2026-01, 0.60 are committed and 0.40 are left"
    )
    (line,) = home.store.names(names.COMMITTED)
    assert home.document(line) == {"job": launched.data["name"], "cost": "0.60", "total": "0.60"}


def test_a_new_month_has_its_own_money(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget=BUDGET)
    home.now = "2026-01-31T22:59:00Z"
    assert ask(home, key="january")[-1].type == events.JOB_LAUNCHED
    assert ask(home, key="still january")[-1].type == events.JOB_REFUSED
    home.now = "2026-01-31T23:00:00Z"
    assert ask(home, key="february in Berlin")[-1].type == events.JOB_LAUNCHED


def test_a_place_that_fits_is_taken_when_the_better_one_does_not(home_under):
    dear = {**SPOT, "price": "5.00"}
    home = home_under(jobs={"embedder": {**PLACED, "places": [dear, {**FIXED, "price": "0.40"}]}}, budget=BUDGET)
    (told,) = ask(home)
    assert verdicts(told) == {
        "gcp europe-west4 g2 on demand": "chosen",
        "gcp europe-west4 g2 spot": "refused",
    }


def test_where_a_budget_holds_a_place_without_a_price_or_a_limit_is_refused(home_under):
    unpriced = {key: value for key, value in SPOT.items() if key != "price"}
    home = home_under(jobs={"embedder": {**PLACED, "places": [unpriced]}}, budget=BUDGET)
    assert "add `price`" in ask(home)[-1].data["why"]


def test_a_launch_that_is_told_again_costs_nothing_more(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget=BUDGET)
    for _ in range(3):
        assert ask(home)[-1].type == events.JOB_LAUNCHED
    assert len(home.store.names(names.COMMITTED)) == 1


def test_money_that_was_held_back_before_a_crash_is_not_held_back_twice(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget=BUDGET)
    ask(home)
    home.local.database.changed("delete from documents where name like 'jobs/embedder-%'")
    assert ask(home)[-1].type == events.JOB_LAUNCHED
    assert len(home.store.names(names.COMMITTED)) == 1


def test_money_that_was_held_back_before_a_crash_at_the_end_of_a_month_is_not_held_back_in_the_next_one_too(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget=BUDGET)
    home.now = asked = "2026-01-31T22:59:00Z"
    ask(home)
    home.local.database.changed("delete from documents where name like 'jobs/embedder-%'")
    home.now = "2026-01-31T23:01:00Z"
    assert ask(home, at=asked)[-1].type == events.JOB_LAUNCHED
    assert home.store.names(names.COMMITTED) == [f"{names.COMMITTED}2026-01/EUR/000001"]


def test_of_two_launches_that_race_for_the_same_money_one_decides_anew(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget=BUDGET)
    line = f"{names.COMMITTED}2026-01/EUR/000001"
    raced = []
    keep = type(home.store).keep

    class Racing:
        """Another launch takes the ledger's next line between this one's reading and writing."""

        def __getattr__(self, name):
            return getattr(home.store, name)

        def keep(self, name, body):
            if name == line and not raced:
                raced.append(name)
                keep(home.store, line, b'{"cost":"0.60","job":"another","total":"0.60"}')
            keep(home.store, name, body)

    ports = replace(home.local.ports, store=Racing())
    event = Event(
        type=events.JOB_REQUESTED, source="//test", subject="x", time=home.now, key="x", data={"kind": "embedder"}
    )
    with pytest.raises(ConflictError):
        handle("launch", event, ports, home.now)
    assert started(home) == {}
    assert "0.60 are committed" in handle("launch", event, ports, home.now).why


def test_a_job_for_the_night_waits_for_it_and_the_sweep_starts_it_once(home_under):
    home = home_under(jobs={"embedder": {**JOB, "hours": NIGHT}})
    home.now = NOON
    (held,) = ask(home)
    assert held.type == events.JOB_HELD
    assert held.data["opens"] == "2026-01-05T21:00:00Z"
    assert home.tick("sweep", "2026-01-05T12:00:00Z") == []
    for at in (MIDNIGHT, "2026-01-06T01:30:00Z"):
        told = home.tick("sweep", at)
    assert told == []
    assert list(started(home)) == [held.data["name"]]
    (launched,) = home.told(events.JOB_LAUNCHED)
    assert launched.data["name"] == held.data["name"]


def test_a_job_that_is_asked_for_again_while_it_waits_still_waits(home_under):
    home = home_under(jobs={"embedder": {**JOB, "hours": NIGHT}})
    first, second = (ask(home)[-1] for home.now in (NOON, "2026-01-05T12:00:00Z"))
    assert (first.id, first.data) == (second.id, second.data)
    assert started(home) == {}


def test_the_hours_of_another_land_are_told_by_its_clock(home_under):
    home = home_under(jobs={"embedder": {**JOB, "hours": {**NIGHT, "minutes": 480, "time_zone": "America/New_York"}}})
    home.now = MIDNIGHT
    assert ask(home)[-1].data["opens"] == "2026-01-06T03:00:00Z"


def test_a_job_in_its_hours_does_not_wait(home_under):
    home = home_under(jobs={"embedder": {**JOB, "hours": NIGHT}})
    home.now = MIDNIGHT
    assert ask(home)[-1].type == events.JOB_LAUNCHED


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


def test_a_job_that_is_configured_wrong_is_not_tried_again_and_says_what_to_mend(home_under):
    home = home_under(jobs={"embedder": ON_DEMAND_TOO})
    name = ask(home)[-1].data["name"]
    (told,) = fails(home, name, WRONG)
    assert told.data["failure"].startswith("configured wrong: FAILED: The replica")
    whys = [found["outcome"]["why"] for found in home.decisions("launch")]
    (why,) = [one for one in whys if one.startswith(f"{name} ended without a unit: configured wrong: ")]
    assert why.endswith("would fail the same way until what it names is mended")
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


def test_where_the_better_place_cannot_be_reached_the_next_one_is_taken(home_under):
    near = {**FIXED, "region": "europe-west1"}
    elsewhere = {**SPOT, "platform": "aws"}
    policy = {"matrix": {**POLICY["matrix"], "aws": ["embedder", "runtime-distilled"]}, "budget": BUDGET}
    home = home_under(jobs={"embedder": {**PLACED, "places": [elsewhere, SPOT, near], "max_minutes": 60}}, **policy)
    outcome = asked(home, reaching(home, region="europe-west1"))
    (told,) = outcome.events
    assert told.type == events.JOB_LAUNCHED
    assert [(one["verdict"], one["platform"], one["region"]) for one in told.data["places"]] == [
        ("chosen", "gcp", "europe-west1"),
        ("refused", "aws", "europe-west4"),
        ("refused", "gcp", "europe-west4"),
    ]
    whys = [one["why"] for one in told.data["places"]]
    assert whys[1].endswith("is to run on aws, and this home reaches gcp")
    assert whys[2] == "jobs run in europe-west1, not in europe-west4"
    (line,) = home.store.names(names.COMMITTED)
    assert home.document(line)["cost"] == "0.90"


def test_a_job_that_nobody_can_start_is_refused_with_the_reason_and_binds_no_money(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget=BUDGET)
    ports = reaching(home, region="europe-west1")
    (told,) = asked(home, ports).events
    assert told.type == events.JOB_REFUSED
    assert "jobs run in europe-west1, not in europe-west4" in told.data["why"]
    assert home.store.names(names.COMMITTED) == []
    assert home.document(names.job(told.data["name"])) is None
    assert asked(home, reaching(home), key="mended").events[0].type == events.JOB_LAUNCHED


def test_where_a_job_could_not_start_is_in_the_decision_and_decides_the_same_again(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}})
    outcome = asked(home, reaching(home, platform="hf"))
    (decision,) = home.decisions("launch")
    reads = RecordedReads(decision["reads"], home.store, home.local.ports.artifacts)
    event = Event.of(decision["event"])
    assert launch.decide(event, launch.gather(event, reads), reads.policy(), decision["now"]) == outcome


def test_where_nothing_may_run_no_platform_is_asked(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [ABROAD], "data": EUROPE}})
    (told,) = asked(home, replace(home.local.ports, trainer=None)).events
    assert "does not leave" in told.data["why"]


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
    assert told["turned_away"] == "gcp europe-west4 g2 spot; gcp europe-west4 g2 on demand"
    assert [home.document(names.failed_job(name))["followed_by"] for name in (first, second)] == [second, third]
    (why,) = [
        one["outcome"]["why"] for one in home.decisions("launch") if one["outcome"]["why"].startswith(f"{first} ended")
    ]
    assert "no capacity: REFUSED: no g2 spot for" in why
    assert f"asked for again at another place, as {second}" in why
    refused = {one["place"]: one["why"] for one in home.document(names.job(third))["told"]["places"][1:]}
    assert set(refused.values()) == {"it had no machine for this job when it was asked"}


def test_a_job_that_was_turned_away_does_not_start_there_when_it_is_told_again_and_a_machine_is_free(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": THREE}})
    trainer = full_at(home, "g2 spot")
    ask(home)
    trainer.full = ()
    ask(home)
    assert [job["price"] for job in started(home).values()] == [FIXED["price"]]


def test_where_no_other_place_may_have_a_machine_the_event_waits_for_one(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}})
    trainer = full_at(home, "g2 spot")
    with pytest.raises(CapacityError):
        handle("launch", requested(home), home.local.ports, home.now)
    trainer.full = ()
    handle("launch", requested(home), home.local.ports, home.now)
    assert [job["price"] for job in started(home).values()] == [SPOT["price"]]


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
    assert why.endswith("not asked for again: no other place of the policy may run it")


def test_what_runs_on_demand_after_a_lost_spot_machine_does_not_go_back_to_spot(home_under):
    dear = {**SPOT, "machine": "a2", "price": "0.50"}
    home = home_under(jobs={"embedder": {**ON_DEMAND_TOO, "places": [SPOT, dear, FIXED, THREE[2]]}})
    first = ask(home)[-1].data["name"]
    full_at(home, "g2 on demand")
    fails(home, first)
    third = home.told(events.JOB_LAUNCHED)[-1].data["name"]
    assert (started(home)[third]["machine"], started(home)[third].get("spot")) == ("a2", None)
    assert started(home)[third]["instead_of"] == first
