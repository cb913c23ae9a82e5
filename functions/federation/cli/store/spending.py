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

_DIGITS: Final = 30
"""Digits beyond which an amount of money is none."""
_SHOWN: Final = 5
"""The latest lines of the ledger, each a document, that are read unless all are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A job, what was committed to it, and why it ended without a unit; "" if it did not, as far as is known."""

    job: str
    cost: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """A calendar month in the cadence's time zone. Amounts are decimal text; `committed` is the most its jobs may cost.

    `held` are the latest commitments, the newest first, and `earlier` is how many there are before them.
    """

    month: str
    currency: str
    amount: str
    committed: str
    left: str
    held: Sequence[Held]
    earlier: int


def spending(shelf: Shelf, policy: Policy, at: str, *, every: bool = False) -> Spending | None:
    """The month's budget; None if the policy has none.

    Args:
        shelf: The home's documents.
        policy: The one in force.
        at: A moment of the month, RFC 3339 in UTC.
        every: Whether all commitments are wanted, and not only the latest.

    Raises:
        ContractError: A line of the ledger that is read is damaged.
    """
    if (budget := policy.budget) is None:
        return None
    month = cadence.month(policy.cadence.time_zone, instant.moment(at))
    lines = shelf.names(ledger_prefix(budget, month))
    read = [_line(place, found) for place, found in shelf.documents(lines if every else lines[-_SHOWN:])]
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


def _line(place: str, found: Any) -> Commitment:
    try:
        line = msgspec.convert(found, Commitment)
    except msgspec.ValidationError as error:
        raise damaged(place, error) from error
    for amount in (line.cost, line.total):
        if not amount.is_finite() or amount.adjusted() > _DIGITS:
            raise damaged(place, ValueError(f"{amount} is no amount"))
    return line


def _held(shelf: Shelf, lines: Iterable[Commitment]) -> Iterator[Held]:
    stored = shelf.kept(names.JOBS)
    for line in lines:
        ends = [place for place in (names.failed_job(line.job), names.lost_job(line.job)) if place in stored]
        if names.lost_job(line.job) in ends and _has_shipped(shelf, line.job):
            ends.remove(names.lost_job(line.job))
        ended = next((found for _, found in shelf.documents(ends)), {"failure": ""})
        yield Held(job=line.job, cost=money(line.cost), failure=str(ended.get("failure", "")))


def _has_shipped(shelf: Shelf, lost: str) -> bool:
    """Whether a unit has come after all from a place that is named after the job; of its kind, and since the job began."""
    stored = shelf.kept(names.JOBS)
    if names.ended_job(lost) in stored:
        return True
    kind = (shelf.document(names.job(lost)) or {}).get("kind", lost.rpartition("-")[0])
    came = shelf.kept(f"{names.VERSIONS}{kind}/")
    since = [place for place in newest_first(came) if came[place] >= stored.get(names.job(lost), 0.0)]
    return any(lost in SEPARATORS.split(version["uri"]) for _, version in shelf.documents(since))
