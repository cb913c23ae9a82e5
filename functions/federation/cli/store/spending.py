# SPDX-License-Identifier: Apache-2.0
"""How much of this month's budget for jobs is committed?"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from federation.cli.store.shelf import Shelf
from federation.core import cadence, instant
from federation.core.budget import Commitment, ledger_prefix, money
from federation.core.policy import Policy
from federation.stored import damaged

_DIGITS: Final = 30
"""Digits beyond which an amount of money is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """A calendar month in the cadence's time zone. Amounts are decimal text; `committed` is the most its jobs may cost."""

    month: str
    currency: str
    amount: str
    committed: str
    left: str


def spending(shelf: Shelf, policy: Policy, at: str) -> Spending | None:
    """The month's budget; None if the policy has none.

    Args:
        shelf: The home's documents.
        policy: The one in force.
        at: A moment of the month, RFC 3339 in UTC.

    Raises:
        ContractError: The ledger's last line is damaged.
    """
    if (budget := policy.budget) is None:
        return None
    month = cadence.month(policy.cadence.time_zone, instant.moment(at))
    lines = shelf.names(ledger_prefix(budget, month))
    committed = _total(shelf, lines[-1]) if lines else Decimal()
    return Spending(
        month=month,
        currency=budget.currency,
        amount=money(budget.amount),
        committed=money(committed),
        left=money(max(budget.amount - committed, Decimal())),
    )


def _total(shelf: Shelf, line: str) -> Decimal:
    try:
        total = msgspec.convert(shelf.document(line), Commitment).total
    except msgspec.ValidationError as error:
        raise damaged(line, error) from error
    if not total.is_finite() or total.adjusted() > _DIGITS:
        raise damaged(line, ValueError(f"{total} is no amount"))
    return total
