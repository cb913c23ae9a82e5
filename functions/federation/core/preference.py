# SPDX-License-Identifier: Apache-2.0
"""What does a policy want of the way in which several sites train one model?"""

from decimal import Decimal
from typing import Literal

import msgspec


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the ways that are possible is taken, and which are not good enough.

    Args:
        prefer: The least egress cost, or the least time on the wire; the other one decides between equals.
        least_unbroken: The chance, in 0..1, with which no loss of a site may stop the training, at least.
        max_hours: On the wire, at most.
    """

    prefer: Literal["cost", "time"] = "cost"
    least_unbroken: Decimal = Decimal("0.5")
    max_hours: int | None = None
