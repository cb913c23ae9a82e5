# SPDX-License-Identifier: Apache-2.0
"""Why does this job run there, and not elsewhere; why not at all; why not yet?"""

from contextlib import closing

import pytest

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.simulation.platform import POLICY
from federation.wiring.local import local_home

PLACES = [
    {"platform": "gcp", "machine": "g2", "region": "europe-west4", "price": "0.90"},
    {"platform": "gcp", "machine": "g2", "region": "us-central1", "spot": True, "price": "0.10"},
    {"platform": "gcp", "machine": "g2", "region": "europe-west4", "spot": True, "price": "0.30"},
]
JOB = {
    "image": "json.tool",
    "arguments": ["--help"],
    "after_rollback": False,
    "max_minutes": 60,
    "places": PLACES,
    "data": [{"name": "tickets", "platform": "gcp", "region": "europe-west4"}],
}


@pytest.fixture
def asked(tmp_path):
    """A home in which a job was asked for at noon, under a policy with some of its fields replaced; its folder."""

    def in_home(**policy):
        home = local_home(tmp_path / "home")
        home.ports.store.keep(names.policy(1), canonical({**POLICY, **policy}))
        noon = "2026-11-17T11:00:00Z"
        data = {"kind": "embedder"}
        asking = Event(type=events.JOB_REQUESTED, source="//test", subject="embedder", time=noon, key="one", data=data)
        home.bus.announce([asking])
        (carried,) = home.settle(lambda: noon)
        home.close()
        return tmp_path / "home", carried.outcome.events[0].data["name"]

    return in_home


def test_every_place_that_was_considered_is_shown_with_its_price_and_why(federation, asked):
    folder, name = asked(jobs={"embedder": JOB}, budget={"currency": "EUR", "amount": "5"})
    answer = federation("explain", name, "--folder", folder)
    assert "embedder: LAUNCHED" in answer.out
    assert answer.out.index("chosen: gcp europe-west4 g2 spot") < answer.out.index("possible: gcp europe-west4 g2 on")
    assert "0.30 an hour; the only spot place of 2 possible ones; at most 0.30 EUR" in answer.out
    elsewhere = "data set tickets is at gcp europe-west4 and may not leave it; this place is gcp us-central1"
    assert f"0.10 an hour; {elsewhere}" in answer.out


def test_of_one_that_was_refused_it_is_told_that_nothing_starts_it_but_a_person(federation, asked):
    folder, name = asked(jobs={"embedder": JOB}, budget={"currency": "EUR", "amount": "0.10"})
    answer = federation("explain", name, "--folder", folder)
    assert "embedder: JOB REFUSED" in answer.out
    told = "does not start by itself after that: federation train --folder"
    (way,) = [line for line in answer.out.splitlines() if told in line]
    assert f"{folder} embedder --who YOU --why 'WHY'" in way


def test_every_document_about_a_job_leads_to_its_page(federation, asked):
    """`status --json` and a job's page name documents."""
    folder, _ = asked(jobs={"embedder": JOB}, budget={"currency": "EUR", "amount": "5"})
    with closing(local_home(folder)) as home:
        documents = home.ports.store.names(names.JOBS)
    assert len(documents) == 3, "the job, until when it is expected, and its money"
    for document in documents:
        assert "embedder: LAUNCHED" in federation("explain", document, "--folder", folder).out


def test_a_program_gets_the_same_facts(federation, asked):
    folder, name = asked(jobs={"embedder": JOB})
    page = federation("explain", name, "--folder", folder, "--json").json
    assert page["verdict"] == "launched"
    assert [fact.partition(":")[0] for fact in page["facts"] if ":" in fact] == ["chosen", "possible", "refused"]
    assert names.job(name) in page["documents"]


def test_a_job_that_the_budget_stopped_names_the_amounts_and_the_way_on(federation, asked):
    folder, name = asked(jobs={"embedder": JOB}, budget={"currency": "EUR", "amount": "0.20"})
    answer = federation("explain", name, "--folder", folder)
    assert "JOB REFUSED" in answer.out
    assert "the 0.20 EUR left for 2026-11: 0.00 of 0.20 EUR is committed" in answer.out
    assert "Fix what the reason names in the policy" in answer.out


def test_a_job_that_waits_says_until_when(federation, asked):
    folder, name = asked(jobs={"embedder": {**JOB, "hours": {"opens": "0 22 * * *", "minutes": 600}}})
    answer = federation("explain", name, "--folder", folder)
    assert "HELD" in answer.out
    assert "the first sweep after they begin, at 2026-11-17 21:00:00Z, starts it" in answer.out
    assert "The first sweep within its hours starts it" in answer.out


def test_the_decision_is_taken_again_with_the_same_bytes(federation, asked):
    folder, _ = asked(jobs={"embedder": JOB}, budget={"currency": "EUR", "amount": "5"})
    answer = federation("replay", "--all", "--folder", folder, "--json")
    assert answer.code == 0
    assert [one["decision"].split("/")[1] for one in answer.json] == ["launch"]


def test_a_job_that_failed_says_so_and_where_it_ran_at_which_price(federation, asked):
    folder, name = asked(jobs={"embedder": {**JOB, "on_demand_after_spot": False}})
    data = {"provider": "vertex", "resource": "customJobs/1", "name": name, "failure": "Failed: the loss is NaN"}
    at = "2026-11-17T11:30:00Z"
    home = local_home(folder)
    home.bus.announce([Event(type=events.JOB_FAILED, source="//test", subject=name, time=at, key="failed", data=data)])
    home.settle(lambda: at)
    home.close()
    answer = federation("explain", name, "--folder", folder)
    assert "JOB FAILED" in answer.out
    assert "the loss is NaN" in answer.out
    assert "chosen: gcp europe-west4 g2 spot" in answer.out
    assert "Look at the job's log on its platform" in answer.out
