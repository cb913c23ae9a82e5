# SPDX-License-Identifier: Apache-2.0
"""Is a candidate not worse than another unit, by more than a margin, on the items that both have answered?

Non-inferiority: pass if the one-sided 95 % lower bound of (candidate - other) is above -margin, fail if the upper bound
is below -margin, else inconclusive. Where a lower score is better, every difference is turned round: positive is better.
Two sides that do not hold the same items cannot be compared: inconclusive, never a silent intersection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import gt, lt
from typing import Final, Literal

from federation.core.records import Records, quoted
from federation.core.statistics.bootstrap import clustered_mean
from federation.core.statistics.interval import Interval
from federation.core.statistics.paired import paired_proportions

Verdict = Literal["pass", "fail", "inconclusive"]
Method = Literal["bonett-price", "bootstrap-t", "bonett-price and bootstrap-t"]
NAMED: Final = 50
"""Items that a comparison names; beyond them they are only counted."""
_BINARY: Final = frozenset((0.0, 1.0))
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the shared items show; `interval` is None, with a `reason`, where they can show nothing."""

    verdict: Verdict
    items: int
    reason: str | None = None
    method: Method | None = None
    interval: Interval | None = None
    better: int = 0
    worse: int = 0
    named: tuple[str, ...] = ()


def compare_records(
    candidate: Records,
    other: Records,
    *,
    metric: str,
    margin: float,
    lower_is_better: bool = False,
    seed: int = 0,
) -> Comparison:
    """What `metric` says about the candidate on the items of both.

    Args:
        candidate: The side on trial.
        other: The baseline or the anchor, on the same items in any order.
        metric: A score that both hold.
        margin: The loss allowed, in the metric's unit; 0 asks the candidate to be proven better.
        lower_is_better: Turns every difference round.
        seed: Of the bootstrap; the same seed and records give the same bounds, in whatever order they come.
    """
    unshared = _unshared(candidate, other)
    if unshared is not None:
        return Comparison(verdict="inconclusive", items=len(set(candidate.items) & set(other.items)), reason=unshared)
    other = other.ordered(candidate.items)
    clusters, clash = _clusters(candidate, other)
    if clash is not None:
        return Comparison(verdict="inconclusive", items=len(candidate.items), reason=clash)
    sides = candidate.scores[metric], other.scores[metric]
    first, second = reversed(sides) if lower_is_better else sides
    return _judged(candidate.items, first, second, clusters, margin, seed)
