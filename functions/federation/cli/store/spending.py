# SPDX-License-Identifier: Apache-2.0
"""How much of this month's budget for jobs is committed, and to which jobs?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from federation.cli.store.shelf import Shelf, newest_first
from federation.core import cadence, instant, names
from federation.core.budget import Commitment, ledger_prefix, money
from federation.core.policy import Policy
from federation.steps.sweeping.overdue import SEPARATORS
from federation.stored import damaged

_NEXT: Final = 3
"""Versions that are read for each lost job, however many came since."""
_DIGITS: Final = 30
"""An amount of money with more digits is damaged."""
_SHOWN: Final = 5
"""How many lines of the ledger, each a document, are read: the latest, unless all are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedCost:
    """A job, the cost committed to it, and why it ended without a unit; "" if it did not, as far as is known."""

    job: str
    cost: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The budget of a calendar month in the cadence's time zone. Amounts are decimal text.

    `committed` is the most that the month's jobs may cost. `held` are the latest commitments, the newest first, and
    `earlier` is the number of those before them.
    """

    month: str
    currency: str
    amount: str
    committed: str
    left: str
    held: Sequence[CommittedCost]
    earlier: int


def spending(shelf: Shelf, policy: Policy, at: str, *, every: bool = False) -> Spending | None:
    """The month's budget; None if the policy has none.

    Args:
        shelf: The home's documents.
        policy: The active policy.
        at: A time in the month, RFC 3339 in UTC.
        every: Whether to return all commitments, and not only the latest.

    Raises:
        ContractError: A line of the ledger that is read is damaged.
    """
    if (budget := policy.budget) is None:
        return None
    month = cadence.month(policy.cadence.time_zone, instant.moment(at))
    lines = shelf.names(ledger_prefix(budget, month))
    read = [_line(place, document) for place, document in shelf.documents(lines if every else lines[-_SHOWN:])]
    committed = read[-1].total if read else Decimal()
    return Spending(
        month=month,
        currency=budget.currency,
        amount=money(budget.amount),
        committed=money(committed),
        left=money(max(budget.amount - committed, Decimal())),
        held=tuple(_held(shelf, reversed(read))),
        earlier=len(lines) - len(read),
    )


def _line(place: str, document: Any) -> Commitment:
    try:
        line = msgspec.convert(document, Commitment)
    except msgspec.ValidationError as error:
        raise damaged(place, error) from error
    for amount in (line.cost, line.total):
        if not amount.is_finite() or amount.adjusted() > _DIGITS:
            raise damaged(place, ValueError(f"{amount} is not an amount of money"))
    return line


def _held(shelf: Shelf, lines: Iterable[Commitment]) -> Iterator[CommittedCost]:
    stored = shelf.dates(names.JOBS)
    for line in lines:
        ends = [place for place in (names.failed_job(line.job), names.lost_job(line.job)) if place in stored]
        if names.lost_job(line.job) in ends and _has_shipped(shelf, line.job):
            ends.remove(names.lost_job(line.job))
        end = next((document for _, document in shelf.documents(ends)), {"failure": ""})
        yield CommittedCost(job=line.job, cost=money(line.cost), failure=str(end.get("failure", "")))


def _has_shipped(shelf: Shelf, lost: str) -> bool:
    """Whether one of the first units of the lost job's kind since it began lies at a place that is named after it."""
    stored = shelf.dates(names.JOBS)
    if names.ended_job(lost) in stored:
        return True
    kind = (shelf.document(names.job(lost)) or {}).get("kind", lost.rpartition("-")[0])
    dates = shelf.dates(f"{names.VERSIONS}{kind}/")
    since = [place for place in newest_first(dates) if dates[place] >= stored.get(names.job(lost), 0.0)]
    return any(lost in SEPARATORS.split(version["uri"]) for _, version in shelf.documents(since[-_NEXT:]))
