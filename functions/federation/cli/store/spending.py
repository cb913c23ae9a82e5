# SPDX-License-Identifier: Apache-2.0
"""How much of this month's budget for jobs is committed?"""

from dataclasses import dataclass
from decimal import Decimal

import msgspec

from federation.cli.store.shelf import Shelf
from federation.core import cadence, instant
from federation.core.budget import Commitment, ledger_prefix, money
from federation.core.policy import Policy


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
    last = shelf.document(lines[-1]) if lines else None
    committed = msgspec.convert(last, Commitment).total if last else Decimal()
    return Spending(
        month=month,
        currency=budget.currency,
        amount=money(budget.amount),
        committed=money(committed),
        left=money(max(budget.amount - committed, Decimal())),
    )
