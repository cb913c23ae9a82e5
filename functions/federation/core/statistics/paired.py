# SPDX-License-Identifier: Apache-2.0
"""By how much do two sides differ on 0/1 items that both have answered?

Bonett & Price 2012, "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data"
(Journal of Educational and Behavioral Statistics 37:479-488): add 1 to each discordant count and 2 to the items.

Where nearly all discordant items point one way, that interval is too short: with losses only, a candidate that is worse
by exactly the margin passes up to 10 % of the time. There the exact binomial bound on those items is taken if it is
wider. Then at most 6.3 % pass, by exact enumeration over 50 to 1,000 items, margins of 1 to 5 points and any
discordance.

It is too long where a difference is beyond chance anyway, but few items are discordant: of candidates that lose twice the
margin of 1 point on 500 items and gain nothing, only 42 % failed. There the bound next to 0 is that of the score test
(Tango 1998, Statistics in Medicine 17:891-908), by which 67 % fail, and 5 % of those at the margin.

Three items, all gained, would pass, yet three tossed coins all land that way one time in eight. So below 20 items the
bound for graded scores of which few differ (`bounded`) applies as well: then, by exact enumeration, at most 5 % of
candidates at the margin pass.
"""

import math
from typing import Final

from federation.core.statistics import NORMAL_95
from federation.core.statistics.bounded import Group, bounded_lower, turned
from federation.core.statistics.exact import rate_lower, rate_upper
from federation.core.statistics.interval import Interval

_ONE_SIDED: Final = 8
"""From this many discordant items one way for each the other way, the exact bound applies as well."""
_FEW: Final = 20
"""Items below which the interval is too short wherever most of them differ."""
_HALVINGS: Final = 40


def paired_proportions(gained: int, lost: int, items: int) -> Interval:
    """The difference (gained - lost) / items with its bounds, within -1..1.

    Args:
        gained: Items that only the candidate got right.
        lost: Items that only the baseline got right.
        items: All shared items, at least 1.
    """
    up, down = (gained + 1) / (items + 2), (lost + 1) / (items + 2)
    error = math.sqrt((up + down - (up - down) ** 2) / (items + 2))
    lower = up - down - NORMAL_95 * error
    upper = up - down + NORMAL_95 * error
    if gained * _ONE_SIDED <= lost:
        lower = min(lower, gained / items - rate_upper(lost, items))
    if lost * _ONE_SIDED <= gained:
        upper = max(upper, rate_upper(gained, items) - lost / items)
    if upper < 0.0:
        upper = min(upper, _below_0(gained, lost, items))
    if lower > 0.0:
        lower = max(lower, -_below_0(lost, gained, items))
    found = Interval(estimate=(gained - lost) / items, lower=max(lower, -1.0), upper=min(upper, 1.0), error=error)
    return found.widened(_of_few(gained, lost, items)) if items < _FEW else found


def _of_few(gained: int, lost: int, items: int) -> Interval:
    """The bounds that hold even if one more, unseen item was gained or lost."""
    counted = ((1.0, gained), (0.0, items - gained - lost), (-1.0, lost))
    groups = [Group(1.0, value, count) for value, count in counted if count]
    lower, upper = (bounded_lower(side, worst=-1.0, unseen=1.0) for side in (groups, turned(groups)))
    return Interval(estimate=(gained - lost) / items, lower=lower, upper=-upper, error=0.0)


def _below_0(gained: int, lost: int, items: int) -> float:
    """The upper bound of a difference that is below 0: where the score test would just reject that it is no smaller."""
    low, high = (gained - lost) / items, 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _deviation(middle, gained, lost, items) < NORMAL_95 else (low, middle)
    exact = gained / items - rate_lower(lost, items)
    return max(high, exact) if gained * _ONE_SIDED <= lost else high


def _deviation(difference: float, gained: int, lost: int, items: int) -> float:
    """By how many standard errors the items fall short of `difference`, with the likeliest share of losses that has it."""
    linear = (2 * items - gained + lost) * difference - gained - lost
    constant = -lost * difference * (1.0 - difference)
    likeliest = (math.sqrt(max(linear * linear - 8 * items * constant, 0.0)) - linear) / (4 * items)
    return (items * difference - gained + lost) / math.sqrt(items * (2.0 * likeliest + difference * (1.0 - difference)))
