# SPDX-License-Identifier: Apache-2.0
"""In which categories of a suite did more items get worse than better, although the suite as a whole may have passed?"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import gt, lt
from typing import Final

from federation.core.records import Records, quoted

_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A category with how many items it has, and how many of them got worse and better."""

    category: str
    items: int
    worse: int
    better: int


def lost(candidate: Records, other: Records, metric: str, *, lower_is_better: bool) -> tuple[Lost, ...]:
    """The categories that lost on balance, the largest loss first; none where no line states a category.

    Args:
        candidate: The side that is judged.
        other: The baseline or the anchor, on the same items in any order.
        metric: A score that both sides contain.
        lower_is_better: Whether a lower score is better.
    """
    other = other.ordered(candidate.items)
    named = _categories(candidate, other)
    if named is None:
        return ()
    sides = candidate.scores[metric], other.scores[metric]
    first, second = reversed(sides) if lower_is_better else sides
    better = Counter(compress(named, map(gt, first, second)))
    worse = Counter(compress(named, map(lt, first, second)))
    items = Counter(named)
    found = (
        Lost(category=name, items=items[name], worse=count, better=better[name])
        for name, count in worse.items()
        if name is not None and count > better[name]
    )
    return tuple(sorted(found, key=lambda one: (one.better - one.worse, one.category)))


def _categories(candidate: Records, other: Records) -> Sequence[str | None] | None:
    """Each item's category, as the candidate states it, else as the other side does; None where neither does."""
    mine, theirs = candidate.categories, other.categories
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    return [right if left is None else left for left, right in zip(mine, theirs, strict=True)]


def lines(found: Sequence[Lost]) -> Iterator[str]:
    """What stands on the page of a comparison; nothing if no category lost."""
    if not found:
        return
    of = f", the first {_SHOWN} of {len(found):,}" if len(found) > _SHOWN else ""
    yield f"\nCategories in which more items got worse than better{of}:"
    for one in found[:_SHOWN]:
        yield f"  {quoted(one.category)}: {one.worse:,} of {one.items:,} items got worse, {one.better:,} better"
