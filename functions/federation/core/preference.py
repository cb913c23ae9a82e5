# SPDX-License-Identifier: Apache-2.0
"""Which topology does a policy prefer when several sites train one model?"""

from decimal import Decimal
from typing import Literal

import msgspec


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """How to rank the possible topologies, and which to refuse.

    Args:
        prefer: `cost` for the least egress cost, `time` for the least transfer time; the other one breaks ties.
        least_unbroken: Minimum probability, in 0..1, that no loss of a site stops the training.
        max_hours: Maximum transfer time.
    """

    prefer: Literal["cost", "time"] = "cost"
    least_unbroken: Decimal = Decimal("0.5")
    max_hours: int | None = None
