# SPDX-License-Identifier: Apache-2.0
"""A month's money is committed line by line, and never twice."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.budget import Budget, Ledger, ledger_prefix, money

BUDGET = Budget(currency="EUR", amount=Decimal(10))
PREFIX = ledger_prefix(BUDGET, "2026-11")
cents = st.integers(0, 2000).map(lambda number: Decimal(number) / 100)
jobs = st.lists(st.tuples(st.sampled_from("abcdefgh"), cents), max_size=20)


def let_in(ledger, job, cost):
    """The ledger after a job asked, and whether it was let in."""
    if ledger.funds(BUDGET, job).refusal(cost):
        return ledger, False
    return ledger.with_job(job, cost), True


@given(jobs)
def test_no_order_of_jobs_commits_more_than_the_budget(asked):
    ledger, held = Ledger(prefix=PREFIX), {}
    for job, cost in asked:
        ledger, taken = let_in(ledger, job, cost)
        if taken:
            held[job] = max(held.get(job, Decimal()), cost)
    assert sum(held.values()) == sum(line.cost for line in ledger.lines) <= BUDGET.amount
    assert [line.total for line in ledger.lines] == [
        sum(line.cost for line in ledger.lines[: number + 1]) for number in range(len(ledger.lines))
    ]


@given(jobs)
def test_asking_again_changes_nothing(asked):
    ledger = Ledger(prefix=PREFIX)
    for job, cost in asked:
        ledger, taken = let_in(ledger, job, cost)
        assert let_in(ledger, job, cost) == (ledger, taken)


def test_only_new_lines_are_written_each_under_the_next_number():
    ledger = Ledger(prefix=PREFIX).with_job("a", Decimal(1)).with_job("b", Decimal("2.5"))
    stored = Ledger(prefix=PREFIX, lines=ledger.lines[:1], kept=1).with_job("b", Decimal("2.5"))
    (document,) = stored.documents()
    assert document.name == "jobs/committed/2026-11/EUR/000002"
    assert document.value == {"job": "b", "cost": "2.5", "total": "3.5"}
    assert [one.name[-6:] for one in ledger.documents()] == ["000001", "000002"]


def test_a_refusal_names_every_amount():
    ledger = Ledger(prefix=PREFIX).with_job("a", Decimal("9.5"))
    assert ledger.funds(BUDGET, "b").refusal(Decimal("0.51")) == (
        "up to 0.51 EUR is more than the 0.50 EUR left for 2026-11: 9.50 of 10.00 EUR is committed"
    )
    assert ledger.funds(BUDGET, "b").refusal(Decimal("0.50")) is None


def test_a_budget_that_was_cut_below_what_is_committed_has_nothing_left():
    ledger = Ledger(prefix=PREFIX).with_job("a", Decimal(20))
    assert "the 0.00 EUR left" in ledger.funds(BUDGET, "b").refusal(Decimal(1))


@pytest.mark.parametrize(
    ("amount", "told"), [("3", "3.00"), ("0.5", "0.50"), ("0.1234", "0.1234"), ("1E+2", "100.00"), ("0.6000", "0.60")]
)
def test_amounts_are_written_as_people_write_them(amount, told):
    assert money(Decimal(amount)) == told
