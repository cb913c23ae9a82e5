# SPDX-License-Identifier: Apache-2.0
"""Which jobs wait and until when, which are under way, and which want a person?"""

import json

import msgspec
import pytest

from federation.cli.screen.output import readable
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.failure import sentence
from federation.simulation.platform import POLICY, shipment
from federation.wiring.local import local_home

JOB = {"image": "json.tool", "arguments": ["--help"], "after_rollback": False, "platform": "gcp"}
NIGHT = {"hours": {"opens": "0 22 * * *", "minutes": 600}}
NOON, LATER, NIGHTFALL = "2026-11-17T11:00:00Z", "2026-11-17T11:30:00Z", "2026-11-17T21:30:00Z"
WRONG = sentence("Failed", "AlgorithmError: the data set is empty, exit code: 42")


class Played:
    """A home whose jobs are asked for and end as the test says."""

    def __init__(self, folder, **job):
        self.folder = folder
        self.home = local_home(folder)
        self.activate(1, **job)

    def activate(self, version, **job):
        policy = {**POLICY, "version": version, "jobs": {"embedder": {**JOB, **job}}}
        self.home.ports.store.keep(names.policy(version), canonical(policy))

    def tell(self, type_, key, at=NOON, **data):
        self.home.bus.announce([Event(type=type_, source="//test", subject=key, time=at, key=key, data=data)])
        self.home.settle(lambda: at)

    def ask(self, name, at=NOON):
        self.tell(events.JOB_REQUESTED, name, at, kind="embedder", name=name)

    def fail(self, name, failure, at=LATER):
        self.tell(events.JOB_FAILED, f"{name} failed", at, name=name, failure=failure)

    def ship(self, name, at=LATER):
        """Lay down what the job shipped, in a folder of its name, and tell of it."""
        unit = self.folder / "clouds" / "s3" / "bucket" / name
        for path, body in shipment("embedder", 1, "good", None).files.items():
            (unit / path).parent.mkdir(parents=True, exist_ok=True)
            (unit / path).write_bytes(body)
        uri = f"s3://bucket/{name}/"
        self.tell(events.ARTIFACT_COMPLETED, uri, at, artifact_uri=uri, provider="s3")


@pytest.fixture
def play(tmp_path):
    """Makes such a home, whose job of the policy has some of its fields replaced."""
    made = []

    def under(**job):
        made.append(Played(tmp_path / "home", **job))
        return made[-1]

    yield under
    for one in made:
        one.home.close()


def jobs(federation, played):
    """What the program gets of each job, by its name."""
    found = federation("status", "--folder", played.folder, "--json").json["jobs"]
    return {one["name"]: one for one in found}


def states(federation, played):
    return {name: one["state"] for name, one in jobs(federation, played).items()}


def test_a_store_without_a_job_says_nothing_of_any(federation, play):
    played = play()
    assert "Jobs" not in federation("status", "--folder", played.folder).out
    assert jobs(federation, played) == {}


@pytest.fixture
def at_noon(monkeypatch):
    """The command is typed before the hours."""
    monkeypatch.setattr("federation.cli.store.jobs.now", lambda: NOON)


def test_a_held_job_says_why_and_until_when(federation, play, at_noon):
    played = play(**NIGHT)
    played.ask("embedder-1")
    (job,) = jobs(federation, played).values()
    assert (job["state"], job["until"], job["kind"]) == ("held", "2026-11-17T21:00:00Z", "embedder")
    assert job["why"].startswith("it is outside its hours; the first sweep after they begin, at 2026-11-17T21:00:00Z")
    assert job["document"] == names.held_job("embedder-1")
    (line,) = [line for line in federation("status", "--folder", played.folder).out.splitlines() if "held" in line]
    assert line.split()[:4] == ["embedder-1", "held", "2026-11-17", "21:00:00Z"]
    assert line.endswith(readable(job["why"]))


def test_a_held_job_waits_for_the_hours_of_the_policy_in_force_as_the_sweep_does(federation, play, at_noon):
    played = play(hours={"opens": "0 5 29 2 *", "minutes": 1440})
    played.ask("embedder-1")
    assert jobs(federation, played)["embedder-1"]["until"].startswith("2028-02-29")
    played.activate(2, **NIGHT)
    assert jobs(federation, played)["embedder-1"]["until"] == "2026-11-17T21:00:00Z"
    played.activate(3)
    assert jobs(federation, played)["embedder-1"]["why"] == (
        "the policy in force lets it start now; the next sweep requests it again"
    )
    assert "the policy in force lets it start now" in federation("explain", "embedder-1", "--folder", played.folder).out


def test_a_held_job_that_was_started_or_refused_since_waits_no_more(federation, play):
    played = play(**NIGHT)
    for name in ("embedder-1", "embedder-2"):
        played.ask(name)
    played.ask("embedder-1", NIGHTFALL)
    played.home.ports.store.keep(names.refused_job("embedder-2"), b"{}")
    assert states(federation, played) == {"embedder-1": "under way"}


def test_a_launched_job_is_under_way_until_its_unit_is_settled_or_it_failed(federation, play):
    played = play()
    for name in ("embedder-1", "embedder-10", "embedder-2"):
        played.ask(name)
    assert set(states(federation, played).values()) == {"under way"}
    assert jobs(federation, played)["embedder-1"]["why"].startswith("gcp on demand: the only possible place")
    played.ship("embedder-1")
    played.fail("embedder-2", "Failed: the disk is full")
    assert states(federation, played) == {"embedder-10": "under way"}, "somebody is at work on its kind"


def test_a_job_that_was_configured_wrong_is_told_with_its_sentence_until_one_of_its_kind_ships(federation, play):
    played = play()
    played.ask("embedder-1")
    played.ship("embedder-1")
    played.ask("embedder-2")
    played.fail("embedder-2", WRONG, "2026-11-17T12:00:00Z")
    assert states(federation, played) == {"embedder-2": "configured wrong"}, "what shipped before mended nothing"
    assert "the data set is empty" in federation("status", "--folder", played.folder).out
    assert jobs(federation, played)["embedder-2"]["document"] == names.failed_job("embedder-2")
    played.ask("embedder-3")
    played.ship("embedder-3", "2026-11-17T13:00:00Z")
    assert states(federation, played) == {}


def test_a_kind_that_the_policy_has_given_up_needs_nobody(federation, play):
    played = play()
    played.ask("embedder-1")
    played.fail("embedder-1", WRONG)
    played.home.ports.store.keep(names.policy(2), canonical({**POLICY, "version": 2, "jobs": {}}))
    assert states(federation, played) == {}


def test_the_last_job_of_a_kind_that_failed_is_told_until_somebody_is_at_work(federation, play):
    played = play()
    for number, hour in (1, 12), (2, 13):
        played.ask(f"embedder-{number}", f"2026-11-17T{hour}:00:00Z")
        played.fail(f"embedder-{number}", "Failed: the disk is full", f"2026-11-17T{hour}:30:00Z")
    (job,) = jobs(federation, played).values()
    assert (job["name"], job["state"], job["kind"]) == ("embedder-2", "failed", "embedder")
    assert job["why"].endswith("the disk is full; not requested again")
    assert job["document"] == names.failed_job("embedder-2")
    played.ask("embedder-3", "2026-11-17T14:00:00Z")
    assert states(federation, played) == {"embedder-3": "under way"}
    played.ship("embedder-3", "2026-11-17T14:30:00Z")
    assert states(federation, played) == {}


def test_a_job_that_no_longer_fits_the_months_budget_is_told_with_what_is_left(federation, play):
    played = play()
    job = {**JOB, "price": "1", "max_minutes": 60}
    rules = {**POLICY, "version": 2, "budget": {"currency": "EUR", "amount": "1"}, "jobs": {"embedder": job}}
    played.home.ports.store.keep(names.policy(2), canonical(rules))
    played.ask("embedder-1")
    played.fail("embedder-1", "Failed: the disk is full")
    played.ask("embedder-2", NIGHTFALL)
    (refused,) = jobs(federation, played).values()
    assert (refused["name"], refused["state"]) == ("embedder-2", "refused")
    assert "1.00 of 1.00 EUR is committed" in refused["why"]
    assert refused["document"] == names.refused_job("embedder-2")


def test_the_page_says_what_is_left_of_the_months_money(federation, play, monkeypatch):
    monkeypatch.setattr("federation.cli.commands.status.now", lambda: NIGHTFALL)
    played = play()
    assert "Budget for jobs" not in federation("status", "--folder", played.folder).out
    job = {**JOB, "price": "1", "max_minutes": 60}
    rules = {**POLICY, "version": 2, "budget": {"currency": "EUR", "amount": "2.5"}, "jobs": {"embedder": job}}
    played.home.ports.store.keep(names.policy(2), canonical(rules))
    played.ask("embedder-1")
    page = federation("status", "--folder", played.folder).out
    assert "Budget for jobs, 2026-11: 1.00 of 2.50 EUR are committed, 1.50 left. The most that a job may cost" in page
    assert "stays committed for the month, however it ends:\n  1.00 to embedder-1\n" in page
    played.fail("embedder-1", "Failed: the disk is full")
    assert "  1.00 to embedder-1: Failed: the disk is full\n" in federation("status", "--folder", played.folder).out
    for number in range(2, 8):
        line = {"job": f"embedder-{number}", "cost": "0.1", "total": f"1.{number}"}
        played.home.ports.store.keep(f"{names.COMMITTED}2026-11/EUR/{number:06d}", canonical(line))
    page = federation("status", "--folder", played.folder).out
    assert f"and 2 earlier commitments: federation status --folder {played.folder} --all" in page
    assert "1.00 to embedder-1: Failed" in federation("status", "--all", "--folder", played.folder).out
    assert federation("status", "--folder", played.folder, "--json").json["budget"]["left"] == "0.80"


def test_the_json_of_a_job_holds_nothing_else(federation, play):
    played = play()
    played.ask("embedder-1")
    (job,) = jobs(federation, played).values()
    assert sorted(json.loads(msgspec.json.encode(job))) == ["document", "kind", "name", "state", "until", "why"]
