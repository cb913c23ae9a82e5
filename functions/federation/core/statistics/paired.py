# SPDX-License-Identifier: Apache-2.0
"""By how much do two sides differ on 0/1 items that both answered?

Bonett & Price 2012, "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data"
(Journal of Educational and Behavioral Statistics 37:479-488): add 1 to each discordant count and 2 to the items.

If nearly all discordant items point one way, that interval is too short: with losses only, a candidate that is worse by
exactly the margin passes up to 10 % of the time. Then the exact binomial bound on those items applies if it is wider. So
at most 6.3 % pass, by exact enumeration over 50 to 1,000 items, margins of 1 to 5 points and any discordance.

The interval is too long if the difference is clear but few items are discordant: of candidates that lose twice the
margin of 1 point on 500 items and gain nothing, only 42 % failed. Then the bound next to 0 is that of the score test
(Tango 1998, Statistics in Medicine 17:891-908): 67 % of them fail, and 5 % of those at the margin.

Three gained items would pass, but three coins show heads one time in eight. So below 20 items the bound for graded
scores (`bounded`) applies as well. Then, by exact enumeration, at most 5 % of candidates at the margin pass.
"""

import math
from typing import Final

from federation.core.statistics import NORMAL_95
from federation.core.statistics.bounded import Group, bounded_lower, negated
from federation.core.statistics.exact import rate_lower, rate_upper
from federation.core.statistics.interval import Interval

_ONE_SIDED: Final = 8
"""From this ratio of losses to gains, or of gains to losses, the exact bound applies as well."""
_FEW: Final = 20
"""With fewer items, the interval is too short if most of them differ."""
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
        upper = min(upper, _upper_below_0(gained, lost, items))
    if lower > 0.0:
        lower = max(lower, -_upper_below_0(lost, gained, items))
    interval = Interval(estimate=(gained - lost) / items, lower=max(lower, -1.0), upper=min(upper, 1.0), error=error)
    return interval.widened(_interval_of_few(gained, lost, items)) if items < _FEW else interval


def _interval_of_few(gained: int, lost: int, items: int) -> Interval:
    """Bounds that hold even if one more, unseen item was gained or lost."""
    counts = ((1.0, gained), (0.0, items - gained - lost), (-1.0, lost))
    groups = [Group(1.0, value, count) for value, count in counts if count]
    lower, upper = (bounded_lower(side, worst=-1.0, unseen=1.0) for side in (groups, negated(groups)))
    return Interval(estimate=(gained - lost) / items, lower=lower, upper=-upper, error=0.0)


def _upper_below_0(gained: int, lost: int, items: int) -> float:
    """The upper bound of a difference below 0, by the score test."""
    low, high = (gained - lost) / items, 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _standard_errors_below(middle, gained, lost, items) < NORMAL_95 else (low, middle)
    exact = gained / items - rate_lower(lost, items)
    return max(high, exact) if gained * _ONE_SIDED <= lost else high


def _standard_errors_below(difference: float, gained: int, lost: int, items: int) -> float:
    """How many standard errors the items are below `difference`, given its likeliest share of losses."""
    linear = (2 * items - gained + lost) * difference - gained - lost
    constant = -lost * difference * (1.0 - difference)
    likeliest = (math.sqrt(max(linear * linear - 8 * items * constant, 0.0)) - linear) / (4 * items)
    return (items * difference - gained + lost) / math.sqrt(items * (2.0 * likeliest + difference * (1.0 - difference)))
