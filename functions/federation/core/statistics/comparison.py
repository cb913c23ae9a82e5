# SPDX-License-Identifier: Apache-2.0
"""Is a candidate worse than another unit by more than a margin, on the items that both answered?

Non-inferiority: pass if the one-sided 95 % lower bound of (candidate - other) is above -margin, fail if the upper bound
is below -margin, else inconclusive. If a lower score is better, differences are negated, so that positive is better. Two
sides with different items are inconclusive; their common items are never compared silently.
"""

from collections.abc import Sequence
from operator import gt, lt, sub
from typing import Final, Literal

import msgspec

from federation.core.records import Records, quoted
from federation.core.statistics import quantile
from federation.core.statistics.bootstrap import clustered_mean
from federation.core.statistics.bounded import widened_for_unseen
from federation.core.statistics.clusters import count_clusters, dependent_clusters, too_few_clusters
from federation.core.statistics.exact import proportion
from federation.core.statistics.interval import Interval
from federation.core.statistics.paired import paired_proportions
from federation.core.statistics.scale import APART, are_shares, beyond_best, scaled_apart

Verdict = Literal["pass", "fail", "inconclusive"]
Method = Literal["bonett-price", "bootstrap-t", "bonett-price and bootstrap-t"]
NAMED: Final = 50
"""The most items that a comparison names; the rest are only counted."""
_BINARY: Final = frozenset((0.0, 1.0))
_MAX_EXAMPLES: Final = 3
_ALIKE: Final = "too few scores differ to bound the loss"
_MORE: Final = "measure more items, or score them within 0..1"

_BOUNDLESS: Final = "all scores lie within 0..1, where a margin of 1 or more allows any loss; state it on that scale"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a comparison. If it is impossible, `interval` is None and `reason` says why."""

    verdict: Verdict
    items: int
    reason: str | None = None
    method: Method | None = None
    interval: Interval | None = None
    better: int = 0
    worse: int = 0
    lack: str | None = None
    """A clause that says that there are too few clusters to decide; None if that is not the reason."""
    named: tuple[str, ...] = ()


def compare_records(
    candidate: Records,
    other: Records,
    *,
    metric: str,
    margin: float,
    lower_is_better: bool = False,
    seed: int = 0,
    suite_range: float | None = None,
) -> Comparison:
    """Compare two units by `metric` on their shared items.

    Args:
        candidate: The side that is judged.
        other: The baseline or the anchor, on the same items in any order.
        metric: A score that both sides contain.
        margin: The loss allowed, in the metric's unit; with 0 the candidate must be proven better.
        lower_is_better: Whether a lower score is better.
        seed: Seed of the bootstrap; the same seed and records give the same bounds, in any order of the records.
        suite_range: For a part of a suite that is not scored within 0..1, the range of the whole suite's scores, or 0 if too
            few items show it. None to take the range from these items.
    """
    difference = item_difference(candidate, other)
    if difference is not None:
        return _undecided(len(set(candidate.items) & set(other.items)), difference)
    other = other.ordered(candidate.items)
    clusters, clash = shared_clusters(candidate, other)
    if clash is not None:
        return _undecided(len(candidate.items), clash)
    sides = candidate.scores[metric], other.scores[metric]
    first, second = reversed(sides) if lower_is_better else sides
    if margin >= 1.0 and suite_range is None and are_shares(first, second):
        return _undecided(len(candidate.items), _BOUNDLESS)
    better, worse = sum(map(gt, first, second)), sum(map(lt, first, second))
    method, interval = _difference_interval(first, second, clusters, (better, worse), seed, suite_range=suite_range)
    own_scale = suite_range is None and method == "bootstrap-t"
    if own_scale and (scaled_apart(first, second) or beyond_best(*sides, lower_is_better)):
        return _undecided(len(candidate.items), APART)
    verdict: Verdict = "inconclusive" if interval is None else verdict_of(interval, -margin)
    lack = too_few_clusters(clusters) if verdict == "inconclusive" else None
    return Comparison(
        verdict=verdict,
        items=len(candidate.items),
        reason=f"{_ALIKE}; {lack or _MORE}" if interval is None else None,
        method=method,
        interval=interval,
        better=better,
        worse=worse,
        lack=lack,
        named=_worst_items(candidate.items, first, second) if worse else (),
    )


def _undecided(items: int, reason: str) -> Comparison:
    return Comparison(verdict="inconclusive", items=items, reason=reason)


def verdict_of(interval: Interval, threshold: float) -> Verdict:
    """Whether the true value is above `threshold`. A bound that is NaN proves nothing."""
    if interval.lower > threshold:
        return "pass"
    return "fail" if interval.upper < threshold else "inconclusive"


def bound_verdict(lower: float, upper: float, *, limit: float) -> Verdict:
    """Whether the true value is at most `limit`. A bound that is NaN proves nothing."""
    if upper <= limit:
        return "pass"
    return "fail" if lower > limit else "inconclusive"


def mean_interval(records: Records, metric: str, *, seed: int = 0) -> Interval | None:
    """The mean of one side's `metric` with its bounds, which are exact for 0/1 items. None if too few items differ."""
    scores, clusters = records.scores[metric], dependent_clusters(records.clusters)
    exact = None
    if _BINARY.issuperset(scores):
        exact = proportion(round(sum(scores)), len(scores))
        if clusters is None:
            return exact
    interval = clustered_mean(scores, clusters, score_range=_score_range(scores, scores, clusters), seed=seed)
    if interval is not None and are_shares(scores):
        interval = widened_for_unseen(interval, len(scores), 0.0, 1.0)
    return interval if exact is None or interval is None else exact.widened(interval)


def _difference_interval(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Sequence[str | None] | None,
    discordant: tuple[int, int],
    seed: int,
    *,
    suite_range: float | None,
) -> tuple[Method | None, Interval | None]:
    """The method and the interval. 0/1 items in clusters get the wider of both methods' bounds.

    An unseen score within 0..1 can move by 1. The bounds allow for that even if one side has a score outside 0..1.
    """
    exact = None
    if suite_range is None and _BINARY.issuperset(first) and _BINARY.issuperset(second):
        exact = paired_proportions(*discordant, len(first))
        if clusters is None:
            return "bonett-price", exact
    score_range = _score_range(first, second, clusters) if suite_range is None else suite_range
    interval = clustered_mean(list(map(sub, first, second)), clusters, score_range=score_range, seed=seed)
    if interval is None:
        return None, None
    if are_shares(first) or are_shares(second):
        interval = widened_for_unseen(interval, len(first), -1.0, 1.0)
    return ("bootstrap-t", interval) if exact is None else ("bonett-price and bootstrap-t", exact.widened(interval))


def _score_range(first: Sequence[float], second: Sequence[float], clusters: Sequence[str | None] | None) -> float:
    """The most that a score can move: 1 for scores within 0..1, else the observed range.

    0 for unknown if there are fewer than 59 independent scores, which do not even show where 95 % of all scores lie.
    """
    low, high = min(map(min, (first, second))), max(map(max, (first, second)))
    if are_shares(first, second):
        return max(1.0, high - low)
    independent = len(first) if clusters is None else count_clusters(clusters)
    return high - low if independent >= quantile.FEWEST else 0.0


def score_range_of(candidate: Records, other: Records, metric: str) -> float | None:
    """The range of a suite's scores, or 0 if too few items show it. None if a side is scored within 0..1.

    Both sides have the same items in the same order.
    """
    first, second = candidate.scores[metric], other.scores[metric]
    if are_shares(first) or are_shares(second):
        return None
    return _score_range(first, second, shared_clusters(candidate, other)[0])


def _worst_items(items: Sequence[str], first: Sequence[float], second: Sequence[float]) -> tuple[str, ...]:
    """The items that got worse, worst first."""
    from heapq import nsmallest  # noqa: PLC0415 - most functions compare nothing

    losses = ((mine - theirs, item) for mine, theirs, item in zip(first, second, items, strict=True) if mine < theirs)
    return tuple(item for _, item in nsmallest(NAMED, losses))


def item_difference(candidate: Records, other: Records) -> str | None:
    """A sentence that says which items only one side contains; None if both contain the same items."""
    if candidate.items == other.items:
        return None
    mine, theirs = set(candidate.items), set(other.items)
    if mine == theirs:
        return None
    missing, extra = sorted(theirs - mine), sorted(mine - theirs)
    return (
        f"{candidate.what} and {other.what} have different items and cannot be compared: "
        f"{_count_text(missing)} only in {other.what}, {_count_text(extra)} only in {candidate.what}"
        f"{_lookalike_advice(missing, extra)}"
    )


def _lookalike_advice(missing: Sequence[str], extra: Sequence[str]) -> str:
    """A clause about ids that look the same to a person; empty if there are none."""
    from unicodedata import normalize  # noqa: PLC0415 - nearly all suites hold the same items

    missing_forms, extra_forms = (
        {normalize("NFKC", item).casefold().strip() for item in side} for side in (missing, extra)
    )
    if missing_forms.isdisjoint(extra_forms):
        return ""
    return "; some of these differ only in case, spaces or Unicode form: write them alike on both sides"


def _count_text(items: Sequence[str]) -> str:
    if not items:
        return "none"
    examples = ", ".join(map(quoted, items[:_MAX_EXAMPLES]))
    return f"{len(items):,} ({examples}{', ...' if len(items) > _MAX_EXAMPLES else ''})"


def shared_clusters(candidate: Records, other: Records) -> tuple[Sequence[str | None] | None, str | None]:
    """The sides' joint clusters, or None if each contains one item; and a sentence about a contradiction, or None.

    Both sides must contain the same items in the same order.
    """
    mine, theirs = candidate.clusters, other.clusters
    if mine is None or theirs is None or mine == theirs:
        return dependent_clusters(theirs if mine is None else mine), None
    for item, ours, others in zip(candidate.items, mine, theirs, strict=True):
        if ours is not None and others is not None and ours != others:
            return None, (
                f"item {quoted(item)} is in cluster {quoted(ours)} in {candidate.what}, but in {quoted(others)} in "
                f"{other.what}; both must state the same cluster"
            )
    return dependent_clusters(
        [others if ours is None else ours for ours, others in zip(mine, theirs, strict=True)]
    ), None
