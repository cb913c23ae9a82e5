# SPDX-License-Identifier: Apache-2.0
"""Is a candidate worse than another unit by more than a margin, on the items that both have answered?

Non-inferiority: pass if the one-sided 95 % lower bound of (candidate - other) is above -margin, fail if the upper bound
is below -margin, else inconclusive. Where a lower score is better, differences are negated, so that positive is better.
Two sides with different items cannot be compared: that is inconclusive, never a silent intersection.
"""

from collections.abc import Sequence
from operator import gt, lt, sub
from typing import Final, Literal

import msgspec

from federation.core.records import Records, quoted
from federation.core.statistics import quantile
from federation.core.statistics.bootstrap import clustered_mean
from federation.core.statistics.bounded import unseen_items
from federation.core.statistics.clusters import count_clusters, repeating, too_few
from federation.core.statistics.exact import proportion
from federation.core.statistics.interval import Interval
from federation.core.statistics.paired import paired_proportions
from federation.core.statistics.scale import APART, are_shares, beyond_best, scaled_apart

Verdict = Literal["pass", "fail", "inconclusive"]
Method = Literal["bonett-price", "bootstrap-t", "bonett-price and bootstrap-t"]
NAMED: Final = 50
"""Items that a comparison names; the rest are only counted."""
_BINARY: Final = frozenset((0.0, 1.0))
_EXAMPLES: Final = 3
_ALIKE: Final = "too few scores differ to bound the loss"
_MORE: Final = "measure more items, or score them within 0..1"

_BOUNDLESS: Final = "all scores lie within 0..1, where a margin of 1 or more allows any loss; state it on that scale"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What the shared items show; `interval` is None, with a `reason`, if they can show nothing."""

    verdict: Verdict
    items: int
    reason: str | None = None
    method: Method | None = None
    interval: Interval | None = None
    better: int = 0
    worse: int = 0
    lack: str | None = None
    """What few clusters lack to decide, as the end of a sentence; None if something is decided, or it is not clusters."""
    named: tuple[str, ...] = ()


def compare_records(
    candidate: Records,
    other: Records,
    *,
    metric: str,
    margin: float,
    lower_is_better: bool = False,
    seed: int = 0,
    reach: float | None = None,
) -> Comparison:
    """What `metric` says about the candidate on the items of both.

    Args:
        candidate: The side that is judged.
        other: The baseline or the anchor, on the same items in any order.
        metric: A score that both sides contain.
        margin: The loss allowed, in the metric's unit; with 0 the candidate must be proven better.
        lower_is_better: Whether to negate every difference.
        seed: Seed of the bootstrap; the same seed and records give the same bounds, in any order of the records.
        reach: The range of the suite's scores, if these are only some of its items and it is not scored within 0..1: 0
            where too few of its items show it; None to take it from these items.
    """
    difference = unshared(candidate, other)
    if difference is not None:
        return Comparison(verdict="inconclusive", items=len(set(candidate.items) & set(other.items)), reason=difference)
    other = other.ordered(candidate.items)
    clusters, clash = shared_clusters(candidate, other)
    if clash is not None:
        return Comparison(verdict="inconclusive", items=len(candidate.items), reason=clash)
    sides = candidate.scores[metric], other.scores[metric]
    first, second = reversed(sides) if lower_is_better else sides
    if margin >= 1.0 and reach is None and are_shares(first, second):
        return Comparison(verdict="inconclusive", items=len(candidate.items), reason=_BOUNDLESS)
    better, worse = sum(map(gt, first, second)), sum(map(lt, first, second))
    method, interval = _interval(first, second, clusters, (better, worse), seed, reach=reach)
    own_scale = reach is None and method == "bootstrap-t"
    if own_scale and (scaled_apart(first, second) or beyond_best(*sides, lower_is_better)):
        return Comparison(verdict="inconclusive", items=len(candidate.items), reason=APART)
    verdict: Verdict = "inconclusive" if interval is None else verdict_of(interval, -margin)
    lack = too_few(clusters) if verdict == "inconclusive" else None
    return Comparison(
        verdict=verdict,
        items=len(candidate.items),
        reason=f"{_ALIKE}; {lack or _MORE}" if interval is None else None,
        method=method,
        interval=interval,
        better=better,
        worse=worse,
        lack=lack,
        named=_named(candidate.items, first, second) if worse else (),
    )


def verdict_of(interval: Interval, threshold: float) -> Verdict:
    """Whether the value behind `interval` is above `threshold`; a bound that is NaN proves nothing."""
    if interval.lower > threshold:
        return "pass"
    return "fail" if interval.upper < threshold else "inconclusive"


def mean_interval(records: Records, metric: str, *, seed: int = 0) -> Interval | None:
    """The mean of one side's `metric` with its bounds, exact for 0/1 items; None if too few items differ."""
    scores, clusters = records.scores[metric], repeating(records.clusters)
    closed = None
    if _BINARY.issuperset(scores):
        closed = proportion(round(sum(scores)), len(scores))
        if clusters is None:
            return closed
    drawn = clustered_mean(scores, clusters, span=_span(scores, scores, clusters), seed=seed)
    if drawn is not None and are_shares(scores):
        drawn = unseen_items(drawn, len(scores), 0.0, 1.0)
    return drawn if closed is None or drawn is None else closed.widened(drawn)


def _interval(
    first: Sequence[float],
    second: Sequence[float],
    clusters: Sequence[str | None] | None,
    discordant: tuple[int, int],
    seed: int,
    *,
    reach: float | None,
) -> tuple[Method | None, Interval | None]:
    """The bounds and their method: closed form for 0/1 items that stand alone, the wider of both for those in clusters.

    An unseen score within 0..1 can move by 1, and the bounds allow for that even if one side has a score outside 0..1.
    """
    closed = None
    if reach is None and _BINARY.issuperset(first) and _BINARY.issuperset(second):
        closed = paired_proportions(*discordant, len(first))
        if clusters is None:
            return "bonett-price", closed
    span = _span(first, second, clusters) if reach is None else reach
    drawn = clustered_mean(list(map(sub, first, second)), clusters, span=span, seed=seed)
    if drawn is None:
        return None, None
    if are_shares(first) or are_shares(second):
        drawn = unseen_items(drawn, len(first), -1.0, 1.0)
    return ("bootstrap-t", drawn) if closed is None else ("bonett-price and bootstrap-t", closed.widened(drawn))


def _span(first: Sequence[float], second: Sequence[float], clusters: Sequence[str | None] | None) -> float:
    """The most that a score can move: 1 if all are shares of 1, else the range that enough scores have shown.

    Fewer than 59 independent scores do not even show where 95 % of all scores lie: the answer is then 0, for unknown.
    """
    low, high = min(map(min, (first, second))), max(map(max, (first, second)))
    if are_shares(first, second):
        return max(1.0, high - low)
    independent = len(first) if clusters is None else count_clusters(clusters)
    return high - low if independent >= quantile.FEWEST else 0.0


def reach_of(candidate: Records, other: Records, metric: str) -> float | None:
    """The range of a suite's scores where neither side keeps within 0..1, 0 if too few show it; else None.

    Both sides have the same items in the same order.
    """
    first, second = candidate.scores[metric], other.scores[metric]
    if are_shares(first) or are_shares(second):
        return None
    return _span(first, second, shared_clusters(candidate, other)[0])


def _named(items: Sequence[str], first: Sequence[float], second: Sequence[float]) -> tuple[str, ...]:
    """The items that got worse, worst first."""
    from heapq import nsmallest  # noqa: PLC0415 - most functions compare nothing

    losses = ((mine - theirs, item) for mine, theirs, item in zip(first, second, items, strict=True) if mine < theirs)
    return tuple(item for _, item in nsmallest(NAMED, losses))


def unshared(candidate: Records, other: Records) -> str | None:
    """A sentence that says which items only one side contains; None if both contain the same."""
    if candidate.items == other.items:
        return None
    mine, theirs = set(candidate.items), set(other.items)
    if mine == theirs:
        return None
    missing, extra = sorted(theirs - mine), sorted(mine - theirs)
    return (
        f"{candidate.what} and {other.what} have different items and cannot be compared: "
        f"{_counted(missing)} only in {other.what}, {_counted(extra)} only in {candidate.what}{_alike(missing, extra)}"
    )


def _alike(missing: Sequence[str], extra: Sequence[str]) -> str:
    """What to do about ids that look the same to a person, as the end of a sentence."""
    from unicodedata import normalize  # noqa: PLC0415 - nearly all suites hold the same items

    looks, others = ({normalize("NFKC", item).casefold().strip() for item in side} for side in (missing, extra))
    if looks.isdisjoint(others):
        return ""
    return "; some of these differ only in case, spaces or Unicode form: write them alike on both sides"


def _counted(items: Sequence[str]) -> str:
    if not items:
        return "none"
    shown = ", ".join(map(quoted, items[:_EXAMPLES]))
    return f"{len(items):,} ({shown}{', ...' if len(items) > _EXAMPLES else ''})"


def shared_clusters(candidate: Records, other: Records) -> tuple[Sequence[str | None] | None, str | None]:
    """The clusters, None if no items depend on each other; or a sentence that says where the two sides contradict.

    Both sides must contain the same items in the same order.
    """
    mine, theirs = candidate.clusters, other.clusters
    if mine is None or theirs is None or mine == theirs:
        return repeating(theirs if mine is None else mine), None
    for item, left, right in zip(candidate.items, mine, theirs, strict=True):
        if left is not None and right is not None and left != right:
            return None, (
                f"item {quoted(item)} is in cluster {quoted(left)} in {candidate.what}, but in {quoted(right)} in "
                f"{other.what}; both must state the same cluster"
            )
    return repeating([right if left is None else left for left, right in zip(mine, theirs, strict=True)]), None
