# SPDX-License-Identifier: Apache-2.0
"""What is the fastest way to compute the four gates' numbers, if only the numbers are needed?

Untyped msgspec (`decode_lines`; orjson over joined lines takes as long) and NumPy: no digest, no schema, no check for
repeated items, no sentence, no named item. There are two ways to bound the latency ratios: `bootstrap`, as most people
would write it, and `closed_form`, the method of federation (no draws), vectorised.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from federation.core.gates.rules import GateRules

Floats = NDArray[np.float64]
Bounds = tuple[float, float]
"""Lower and upper."""
REPLICATES = 999
"""The number of draws in the package's own bootstrap."""
_Z = 1.6448536269514722
_decode_lines = msgspec.json.Decoder().decode_lines


def verdicts(
    mine: Mapping[str, bytes],
    theirs: Mapping[str, bytes],
    contracts: tuple[Mapping[str, Any], Mapping[str, Any]],
    rules: GateRules,
    ratios: Callable[[Mapping[str, Floats], Mapping[str, Floats]], tuple[Bounds, Bounds]],
) -> tuple[bool, bool, bool, bool, bool]:
    """Whether quality, p95, cost, safety and contract pass.

    Args:
        mine: The candidate's files: quality, latency, against, safety.
        theirs: The baseline's: quality, safety.
        contracts: Both sides' contracts.
        rules: With one quality metric and one safety suite.
        ratios: `bootstrap` or `closed_form`.
    """
    (quality,), (suite,) = rules.quality, (rules.safety.suites if rules.safety else {}).values()
    columns = [_columns(body, names) for body, names in _asked(mine, theirs, quality.metric)]
    first, second, latency, against, safe, before = columns
    lower = _bonett_price(first[quality.metric], second[quality.metric])
    speed, cost = ratios(latency, against)
    newly = safe["safe"] < before["safe"]
    upper = _exact_upper(int((safe["safe"] < 1).sum()), len(newly))
    return (
        lower > -float(quality.margin),
        rules.latency is not None and speed[1] <= float(rules.latency.p95_ratio),
        rules.latency is not None and cost[1] <= float(rules.latency.cost_ratio or math.inf),
        upper <= float(suite.max_failure_rate),
        contracts[0] == contracts[1],
    )


def bootstrap(mine: Mapping[str, Floats], theirs: Mapping[str, Floats]) -> tuple[Bounds, Bounds]:
    """Bounds of the p95 ratio and the cost ratio, by resampling."""
    draw = np.random.default_rng(0)
    count = len(mine["latency_ms"])
    rank = math.ceil(0.95 * count) - 1
    chosen, other = draw.integers(0, count, (REPLICATES, count)), draw.integers(0, count, (REPLICATES, count))
    speed = _p95(mine["latency_ms"][chosen], rank) / _p95(theirs["latency_ms"][other], rank)
    cost = _per_token(mine, chosen) / _per_token(theirs, chosen)
    return _percentiles(speed), _percentiles(cost)


def closed_form(mine: Mapping[str, Floats], theirs: Mapping[str, Floats]) -> tuple[Bounds, Bounds]:
    """Bounds: p95 ratio by the distribution of a resampled order statistic, cost ratio by the delta method."""
    (above, chance), (below, weight) = _resampled(mine["latency_ms"]), _resampled(theirs["latency_ms"])
    ratio = (above[:, None] / below[None, :]).ravel()
    order = np.argsort(ratio)
    reached = np.cumsum((chance[:, None] * weight[None, :]).ravel()[order])
    places = np.minimum(np.searchsorted(reached, (0.05, 0.95)), len(order) - 1)
    lower, upper = ratio[order[places]].tolist()
    first, second = _residuals(mine), _residuals(theirs)
    error = math.sqrt(float(((first[1] - second[1]) ** 2).sum()))
    middle = first[0] / second[0]
    return (lower, upper), (middle * math.exp(-_Z * error), middle * math.exp(_Z * error))


def _asked(
    mine: Mapping[str, bytes], theirs: Mapping[str, bytes], metric: str
) -> Sequence[tuple[bytes, tuple[str, ...]]]:
    speed = ("latency_ms", "cost", "tokens")
    return (
        (mine["quality"], (metric,)),
        (theirs["quality"], (metric,)),
        (mine["latency"], speed),
        (mine["against"], speed),
        (mine["safety"], ("safe",)),
        (theirs["safety"], ("safe",)),
    )


def _columns(body: bytes, names: tuple[str, ...]) -> dict[str, Floats]:
    rows = _decode_lines(body)
    return {name: np.array([row["scores"][name] for row in rows], dtype=np.float64) for name in names}


def _bonett_price(first: Floats, second: Floats) -> float:
    gained, lost, count = int((first > second).sum()), int((first < second).sum()), len(first)
    up, down = (gained + 1) / (count + 2), (lost + 1) / (count + 2)
    return up - down - _Z * math.sqrt((up + down - (up - down) ** 2) / (count + 2))


def _exact_upper(failures: int, count: int) -> float:
    """Clopper-Pearson's upper bound, found by bisection on the binomial tail."""
    terms = np.arange(failures + 1)
    ways = np.array([math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) for k in terms])
    low, high = failures / count, 1.0
    for _ in range(40):
        rate = (low + high) / 2
        tail = float(np.exp(ways + terms * math.log(rate) + (count - terms) * math.log1p(-rate)).sum())
        low, high = (rate, high) if tail > 0.05 else (low, rate)
    return high


def _p95(drawn: Floats, rank: int) -> Floats:
    return np.partition(drawn, rank, axis=1)[:, rank]


def _per_token(side: Mapping[str, Floats], chosen: NDArray[np.int64]) -> Floats:
    return np.asarray(side["cost"][chosen].sum(axis=1) / side["tokens"][chosen].sum(axis=1))


def _percentiles(drawn: Floats) -> Bounds:
    lower, upper = np.quantile(drawn, (0.05, 0.95))
    return float(lower), float(upper)


def _resampled(samples: Floats) -> tuple[Floats, Floats]:
    """The sorted samples that a resampled p95 can plausibly be, and their probabilities (by normal approximation)."""
    count = len(samples)
    middle, spread = 0.95 * count, math.sqrt(count * 0.95 * 0.05)
    ranks = np.arange(max(0, int(middle - 5 * spread)), min(count, int(middle + 5 * spread) + 1))
    chance = np.exp(-(((ranks + 0.5 - middle) / spread) ** 2) / 2)
    return np.sort(samples)[ranks], chance / chance.sum()


def _residuals(side: Mapping[str, Floats]) -> tuple[float, Floats]:
    cost, tokens = float(side["cost"].sum()), float(side["tokens"].sum())
    return cost / tokens, side["cost"] / cost - side["tokens"] / tokens
