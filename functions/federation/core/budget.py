# SPDX-License-Identifier: Apache-2.0
"""What may still be spent on jobs this month?

Each job that is launched takes the next number of its month's ledger, with the total so far: who would take a number that
another launch took meanwhile conflicts and decides anew, so no two jobs are let in by the same money.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from federation.core import names
from federation.core.outcome import Document


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What all jobs of a calendar month may cost at most, in the cadence's time zone; a hard stop."""

    currency: str
    amount: Decimal


class Funds(msgspec.Struct, frozen=True, kw_only=True):
    """A month's budget, and what is committed of it."""

    budget: Budget
    month: str
    committed: Decimal

    def refusal(self, cost: Decimal) -> str | None:
        """Why the month does not bear that cost, or None when it does."""
        if self.committed + cost <= self.budget.amount:
            return None
        currency, left = self.budget.currency, max(self.budget.amount - self.committed, Decimal())
        return (
            f"up to {money(cost)} {currency} do not fit: of {money(self.budget.amount)} {currency} for {self.month}, "
            f"{money(self.committed)} are committed and {money(left)} are left"
        )


class Commitment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a ledger: a job, what it costs at most, and the sum of all lines up to this one."""

    job: str
    cost: Decimal
    total: Decimal


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """A month's commitments in one currency; of `lines`, the first `kept` are stored."""

    prefix: str
    lines: Sequence[Commitment] = ()
    kept: int = 0

    def funds(self, budget: Budget, month: str, job: str) -> Funds:
        """What a job is up against; what is held back for itself, from a delivery that was cut short, is not in its way."""
        return Funds(budget=budget, month=month, committed=self._total() - self._held(job))

    def with_job(self, job: str, cost: Decimal) -> "Ledger":
        """The ledger after that much is held back for a job; what is held back for it already counts."""
        more = cost - self._held(job)
        if more <= 0:
            return self
        line = Commitment(job=job, cost=more, total=self._total() + more)
        return replace(self, lines=(*self.lines, line))

    def documents(self) -> tuple[Document, ...]:
        """The lines that are not stored yet, each under its number."""
        added = list(enumerate(self.lines, 1))[self.kept :]
        return tuple(
            Document(name=f"{self.prefix}{number:06d}", value=msgspec.to_builtins(line)) for number, line in added
        )

    def _total(self) -> Decimal:
        return self.lines[-1].total if self.lines else Decimal()

    def _held(self, job: str) -> Decimal:
        return sum((line.cost for line in self.lines if line.job == job), Decimal())


def ledger_prefix(budget: Budget, month: str) -> str:
    """Where the month's lines in the budget's currency lie."""
    return f"{names.COMMITTED}{month}/{budget.currency}/"


def money(amount: Decimal) -> str:
    """An amount with two decimal places, or with as many as it needs."""
    plain = f"{amount:f}"
    whole, _, fraction = plain.partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"
