# SPDX-License-Identifier: Apache-2.0
"""How many items does a margin need, and what can a number of items show?

The normal approximation for paired 0/1 items (Miettinen 1968; Connor 1987, Biometrics 43:207-211). Its only nuisance is
the share of items on which the two sides differ; 10 % differing, 2 points, power 80 %: 1,546 items. The interval of
Bonett & Price assumes that one more item differs each way, and a p95 is one of a few slow requests, so some items are
added for both. If hardly any item differs, the exact bound on the lost items needs fewer, and that number is used. With
the resulting number of items 80 to 85 % of equal candidates pass, and more under the exact bound (margins of 1 to 10
points, 0.1 to 50 % differing).
"""

import math
from typing import Final, Literal

from federation.core.statistics import ALPHA, NORMAL_95, quantile
from federation.core.statistics.exact import rate_upper

POWER_80: Final = 0.8416212335729143
"""The normal quantile of 80 %."""
Power = Literal[80, 95]
"""The percentage of equally good candidates that pass. Four gates at 95 each pass about 80 together."""
_P95_ERROR: Final = math.sqrt(2 * 0.95 * 0.05) / (math.exp(-(NORMAL_95**2) / 2) / math.sqrt(2 * math.pi))
"""Standard error of the logarithm of a ratio of two log-normal p95s, for one sample a side and a spread of 1."""
_QUANTILE: Final = {80: POWER_80, 95: NORMAL_95}
_HALVINGS: Final = 24
_FEW_REQUESTS: Final = 25
"""Requests to add to the approximation for a p95 of log-normal latencies, found by simulation."""


def items_for_margin(margin: float, differing: float, *, power: Power = 80) -> int:
    """The number of items with which an equally good candidate passes non-inferiority with chance `power`.

    Args:
        margin: The loss allowed, above 0.
        differing: Share of items on which the two sides differ, in 0..1.
        power: Chance in percent.
    """
    distance = NORMAL_95 + _QUANTILE[power]
    approximate = distance**2 * differing / margin**2
    few = 2 * NORMAL_95 / distance / differing  # for the one item each way that the interval adds
    most, loss_share = math.ceil(approximate + few), differing / 2
    return _items_for_few(margin, loss_share, most, power) if loss_share < margin < 1 else most


def _items_for_few(margin: float, loss_share: float, most: int, power: Power) -> int:
    """The number of items with which the exact bound keeps the margin with chance `power`; at most `most`."""
    losses = 0
    while (items := items_for_rate(margin, losses)) < most and 100 * _chance_of_at_most(
        losses, items, loss_share
    ) < power:
        losses += 1
    return min(items, most)


def _chance_of_at_most(few: int, items: int, loss_share: float) -> float:
    """The binomial chance that at most `few` of the items are lost."""
    return math.fsum(
        math.comb(items, losses) * loss_share**losses * (1 - loss_share) ** (items - losses)
        for losses in range(few + 1)
    )


def detectable_margin(items: int, differing: float) -> float:
    """The smallest margin that four of five equally good candidates keep on this many items, or infinity."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = items_for_margin(middle, differing) <= items
        low, high = (low, middle) if enough else (middle, high)
    return high if high < 1.0 else math.inf


def detectable_effect(error: float) -> float:
    """The smallest true loss that a comparison with this standard error finds in four of five cases."""
    return (NORMAL_95 + POWER_80) * error


def items_for_rate(limit: float, failures: int = 0) -> int:
    """The number of items that bounds a failure rate at `limit` if `failures` of them fail: without any, 59 for 5 %.

    Args:
        limit: Strictly inside 0..1.
        failures: How many of the items fail.
    """
    if failures == 0:
        return math.ceil(math.log(ALPHA) / math.log1p(-limit))
    low, high = failures, failures + 1
    while rate_upper(failures, high) > limit:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if rate_upper(failures, middle) > limit else (low, middle)
    return high


def samples_for_ratio(limit: float, spread: float, *, power: Power = 80) -> int:
    """The requests a side with which an equally fast candidate keeps its p95 ratio below `limit` with chance `power`.

    At least the number that is needed to bound a p95 at all.

    Args:
        limit: Above 1.
        spread: Standard deviation of the logarithm of the latency (log-normal; 0.3 to 0.7 are usual).
        power: Chance in percent.
    """
    approximate = ((NORMAL_95 + _QUANTILE[power]) * _P95_ERROR * spread / math.log(limit)) ** 2
    return max(math.ceil(approximate) + _FEW_REQUESTS, quantile.FEWEST)


def detectable_ratio(samples: int, spread: float) -> float:
    """The smallest p95 ratio limit that four of five equally fast candidates meet with `samples` a side, or infinity."""
    if samples < quantile.FEWEST:
        return math.inf
    return math.exp((NORMAL_95 + POWER_80) * _P95_ERROR * spread / math.sqrt(samples - _FEW_REQUESTS))
