# SPDX-License-Identifier: Apache-2.0
"""Somebody asks for a job: it runs once, where the data may be read, for the least money, in its hours, or is refused."""

import re

import pytest
from msgspec.structs import replace

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.errors import ConflictError
from federation.recorded import RecordedReads
from federation.runtime import handle
from federation.simulation.platform import POLICY
from federation.steps import launch
from federation.wiring.dispatch import TrainerByPlatform
from tests.steps.jobs import FIXED, JOB, MIDNIGHT, NOON, PLACED, SPOT, Region, ask, requested, started, verdicts

ABROAD = {"platform": "gcp", "machine": "g2", "region": "us-central1", "spot": True, "price": "0.10"}
EUROPE = [{"name": "tickets", "platform": "gcp", "region": "europe-west4"}]
BUDGET = {"currency": "EUR", "amount": "1.00"}
NIGHT = {"opens": "0 22 * * *", "minutes": 600}


def reaching(home, platform="gcp", region="europe-west4"):
    """Ports of a home that can start jobs on that platform in that region, and nowhere else."""
    ports = home.local.ports
    return replace(ports, trainer=TrainerByPlatform({platform: lambda: Region(ports.trainer, region)}))


def asked(home, ports, key="one"):
    """What `launch` decides about a request, carried out in that world."""
    return handle("launch", requested(home, key), ports, home.now)


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


def test_what_was_refused_stays_so_when_its_request_comes_again_under_a_policy_that_would_let_it_run(home):
    """Whoever was told so has asked anew by then, or let it be."""
    (refused,) = ask(home)
    home.activate(2, jobs={"embedder": JOB})
    (again,) = ask(home)
    assert (again.id, again.data) == (refused.id, refused.data)
    assert started(home) == {}
    assert ask(home, key="asked anew")[-1].type == events.JOB_LAUNCHED


def test_the_cheapest_place_that_keeps_the_data_at_home_is_taken_and_every_other_one_explained(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [ABROAD, FIXED, SPOT], "data": EUROPE}})
    (told,) = ask(home)
    assert verdicts(told) == {
        "gcp europe-west4 g2 spot": "chosen",
        "gcp europe-west4 g2 on demand": "possible",
        "gcp us-central1 g2 spot": "refused",
    }
    assert "data set tickets is at gcp europe-west4 and may not leave it" in told.data["places"][-1]["why"]
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
        "up to 0.60 EUR is more than the 0.40 EUR left for 2026-01: 0.60 of 1.00 EUR is committed"
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
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget={**BUDGET, "amount": "2.00"})
    home.now = asked = "2026-01-31T22:59:00Z"
    for key in ("another", "one"):
        ask(home, key=key)
    home.local.database.changed("delete from documents where name like 'jobs/embedder-%'")
    home.now = "2026-01-31T23:01:00Z"
    assert ask(home, at=asked)[-1].type == events.JOB_LAUNCHED
    assert home.store.names(names.COMMITTED) == [f"{names.COMMITTED}2026-01/EUR/00000{line}" for line in (1, 2)]


def test_a_job_that_was_asked_for_in_one_month_and_starts_in_the_next_is_paid_from_that_ones_money(home_under):
    home = home_under(jobs={"embedder": {**PLACED, "places": [SPOT]}}, budget=BUDGET)
    home.now = asked = "2026-01-31T22:59:00Z"
    ask(home)
    home.now = "2026-01-31T23:01:00Z"
    assert ask(home, key="late", at=asked)[-1].type == events.JOB_LAUNCHED
    assert home.store.names(names.COMMITTED) == [f"{names.COMMITTED}2026-0{month}/EUR/000001" for month in (1, 2)]


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
    assert "0.60 of 1.00 EUR is committed" in handle("launch", event, ports, home.now).why


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


def test_a_job_that_is_asked_for_again_while_it_waits_still_waits_as_it_was_told(home_under):
    home = home_under(jobs={"embedder": {**JOB, "hours": NIGHT}})
    (first,) = ask(home, at=NOON)
    home.activate(2, jobs={"embedder": {**JOB, "hours": {**NIGHT, "opens": "0 20 * * *"}}})
    (second,) = ask(home, at=NOON)
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
    assert "may not leave it" in told.data["why"]
