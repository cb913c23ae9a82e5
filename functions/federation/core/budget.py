# SPDX-License-Identifier: Apache-2.0
"""How much may still be spent on jobs this month?

Each launch appends the next numbered line to its month's ledger, with the running total. If two launches take the same
number, the second one conflicts and is decided again. So the same money is never committed twice.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from federation.core import names
from federation.core.outcome import Document


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """The most that all jobs of a calendar month may cost. Months follow the cadence's time zone."""

    currency: str
    amount: Decimal


class Funds(msgspec.Struct, frozen=True, kw_only=True):
    """A month's budget, and how much of it is committed."""

    budget: Budget
    month: str
    committed: Decimal

    def refusal(self, cost: Decimal) -> str | None:
        """Why the month's budget does not allow this cost; None if it does."""
        if self.committed + cost <= self.budget.amount:
            return None
        currency, remaining = self.budget.currency, max(self.budget.amount - self.committed, Decimal())
        return (
            f"up to {money(cost)} {currency} is more than the {money(remaining)} {currency} left for {self.month}: "
            f"{money(self.committed)} of {money(self.budget.amount)} {currency} is committed"
        )


class Commitment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a ledger: a job, what it costs at most, and the sum of all lines up to this one."""

    job: str
    cost: Decimal
    total: Decimal


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """A month's commitments in one currency. The first `kept` of `lines` are already stored."""

    prefix: str
    lines: Sequence[Commitment] = ()
    kept: int = 0

    @property
    def month(self) -> str:
        """Its month, such as "2026-11"."""
        return self.prefix.removeprefix(names.COMMITTED).partition("/")[0]

    def funds(self, budget: Budget, job: str) -> Funds:
        """The funds for this job. What an earlier delivery reserved for it counts as free."""
        return Funds(budget=budget, month=self.month, committed=self._total() - self._reserved(job))

    def holds(self, job: str) -> bool:
        """Whether an earlier delivery reserved something for this job."""
        return any(line.job == job for line in self.lines)

    def with_job(self, job: str, cost: Decimal) -> "Ledger":
        """The ledger with `cost` reserved for a job in total. Earlier reservations for the job count towards it."""
        more = cost - self._reserved(job)
        if more <= 0:
            return self
        line = Commitment(job=job, cost=more, total=self._total() + more)
        return replace(self, lines=(*self.lines, line))

    def documents(self) -> tuple[Document, ...]:
        """One document for each line that is not stored yet, named by its number."""
        unstored = list(enumerate(self.lines, 1))[self.kept :]
        return tuple(
            Document(name=f"{self.prefix}{number:06d}", value=msgspec.to_builtins(line)) for number, line in unstored
        )

    def _total(self) -> Decimal:
        return self.lines[-1].total if self.lines else Decimal()

    def _reserved(self, job: str) -> Decimal:
        return sum((line.cost for line in self.lines if line.job == job), Decimal())


def ledger_prefix(budget: Budget, month: str) -> str:
    """Prefix under which the month's lines in the budget's currency are stored."""
    return f"{names.COMMITTED}{month}/{budget.currency}/"


def money(amount: Decimal) -> str:
    """An amount with two decimal places, or more where it needs them."""
    plain = f"{amount:f}"
    whole, _, fraction = plain.partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"
