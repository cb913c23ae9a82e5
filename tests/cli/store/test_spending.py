# SPDX-License-Identifier: Apache-2.0
"""Somebody wants to see the month's money before a job is refused for want of it."""

import pytest
from tests import written

from federation.cli.store.shelf import Shelf
from federation.cli.store.spending import spending
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.errors import ContractError
from federation.simulation.platform import POLICY
from federation.wiring.local import local_home

JOB = {"image": "json.tool", "arguments": ["--help"], "after_rollback": False, "platform": "gcp", "price": "2"}
NOON, LAST_NIGHT, NEW_YEAR = "2026-11-17T11:00:00Z", "2026-11-30T23:30:00Z", "2026-12-02T11:00:00Z"


@pytest.fixture
def home(tmp_path):
    made = local_home(tmp_path / "home")
    yield made
    made.close()


def govern(home, version, **rules):
    jobs = {"embedder": {**JOB, "max_minutes": 60}}
    home.ports.store.keep(names.policy(version), canonical({**POLICY, "version": version, "jobs": jobs, **rules}))


def ask(home, name, at):
    asked = Event(
        type=events.JOB_REQUESTED,
        source="//test",
        subject=name,
        time=at,
        key=name,
        data={"kind": "embedder", "name": name},
    )
    home.bus.announce([asked])
    home.settle(lambda: at)


def of(home, at):
    shelf = Shelf(home.ports)
    return spending(shelf, shelf.policy(), at)


def test_each_job_commits_what_it_costs_at_most_and_every_month_begins_anew(home):
    govern(home, 1, budget={"currency": "EUR", "amount": "5"})
    assert (of(home, NOON).committed, of(home, NOON).left) == ("0.00", "5.00")
    for number in range(3):
        ask(home, f"embedder-{number}", NOON)
    found = of(home, NOON)
    assert (found.month, found.committed, found.amount, found.left) == ("2026-11", "4.00", "5.00", "1.00"), (
        "the third does not fit"
    )
    assert (of(home, NEW_YEAR).month, of(home, NEW_YEAR).left) == ("2026-12", "5.00")


def test_who_holds_the_money_is_told_with_what_became_of_it(home):
    govern(home, 1, budget={"currency": "EUR", "amount": "500"})
    for number in range(8):
        ask(home, f"embedder-{number}", NOON)
    for place, job, failure in (
        (names.failed_job, "embedder-7", "out of memory"),
        (names.lost_job, "embedder-6", "gone"),
    ):
        home.ports.store.keep(place(job), canonical(written.ended(job, failure, NOON)))
    found = of(home, NOON)
    assert [(one.job, one.cost, one.failure) for one in found.held[:3]] == [
        ("embedder-7", "2.00", "out of memory"),
        ("embedder-6", "2.00", "gone"),
        ("embedder-5", "2.00", ""),
    ]
    assert (len(found.held), found.earlier) == (5, 3)
    shelf = Shelf(home.ports)
    whole = spending(shelf, shelf.policy(), NOON, every=True)
    assert ([one.job for one in whole.held][-1], whole.earlier, whole.committed) == ("embedder-0", 0, "16.00")


@pytest.mark.parametrize("came", ["a unit", "its end", "another unit", "nothing"])
def test_a_job_that_was_lost_and_has_shipped_after_all_is_lost_no_longer(home, came):
    govern(home, 1, budget={"currency": "EUR", "amount": "500"})
    ask(home, "embedder-0", NOON)
    store = home.ports.store
    store.keep(names.lost_job("embedder-0"), canonical(written.ended("embedder-0", "lost: gone", NOON)))
    job = {"a unit": "embedder-0", "another unit": "embedder-01"}.get(came)
    if job:
        unit = written.version("acme/embedder-v1", "embedder", NOON, uri=f"s3://bucket/{job}/unit/")
        store.keep(names.version("embedder", 1), canonical(unit))
    if came == "its end":
        store.keep(names.ended_job("embedder-0"), canonical({"name": "embedder-0"}))
    (held,) = of(home, NOON).held
    assert held.failure == ("" if came in {"a unit", "its end"} else "lost: gone")


def test_the_month_is_that_of_the_policys_clock(home):
    cadence = {**POLICY["cadence"], "time_zone": "Europe/Berlin"}
    govern(home, 1, budget={"currency": "EUR", "amount": "5"}, cadence=cadence)
    ask(home, "embedder-1", LAST_NIGHT)
    assert (of(home, LAST_NIGHT).month, of(home, LAST_NIGHT).left) == ("2026-12", "3.00")
    assert of(home, NOON).left == "5.00"


def test_another_currency_begins_anew_and_a_smaller_budget_leaves_nothing_rather_than_a_debt(home):
    govern(home, 1, budget={"currency": "EUR", "amount": "5"})
    ask(home, "embedder-1", NOON)
    govern(home, 2, budget={"currency": "USD", "amount": "5"})
    assert (of(home, NOON).currency, of(home, NOON).left) == ("USD", "5.00")
    govern(home, 3, budget={"currency": "EUR", "amount": "1.5"})
    assert (of(home, NOON).committed, of(home, NOON).left) == ("2.00", "0.00")


def test_a_policy_without_a_budget_has_nothing_to_show(home):
    govern(home, 1)
    assert of(home, NOON) is None


BEGIN = b'{"job":"x","cost":"1"'


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[]",
        b"null",
        BEGIN + b"}",
        BEGIN + b',"total":"NaN"}',
        BEGIN + b',"total":"1e999999"}',
        b'{"job":"x","cost":"NaN","total":"1"}',
    ],
)
def test_a_damaged_line_of_the_ledger_is_named_and_no_sum_is_guessed(home, line):
    govern(home, 1, budget={"currency": "EUR", "amount": "5"})
    ask(home, "embedder-1", NOON)
    home.ports.store.keep(f"{names.COMMITTED}2026-11/EUR/000002", line)
    with pytest.raises(ContractError, match="2026-11/EUR/000002 is damaged"):
        of(home, NOON)
