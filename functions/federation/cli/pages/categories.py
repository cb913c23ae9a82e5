# SPDX-License-Identifier: Apache-2.0
"""In which categories of a suite did more items get worse than better? The suite as a whole may still have passed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import gt, lt
from typing import Final

from federation.core.records import Records, quoted

_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryLoss:
    """A category, the number of its items, and how many of them got worse and better."""

    category: str
    items: int
    worse: int
    better: int


def category_losses(
    candidate: Records, other: Records, metric: str, *, lower_is_better: bool
) -> tuple[CategoryLoss, ...]:
    """The categories that lost on balance, the largest loss first; none if no line states a category.

    Args:
        candidate: The side that is judged.
        other: The baseline or the anchor, on the same items in any order.
        metric: A score that both sides contain.
        lower_is_better: Whether a lower score is better.
    """
    other = other.ordered(candidate.items)
    categories = _categories(candidate, other)
    if categories is None:
        return ()
    sides = candidate.scores[metric], other.scores[metric]
    first, second = reversed(sides) if lower_is_better else sides
    better = Counter(compress(categories, map(gt, first, second)))
    worse = Counter(compress(categories, map(lt, first, second)))
    items = Counter(categories)
    losses = (
        CategoryLoss(category=name, items=items[name], worse=count, better=better[name])
        for name, count in worse.items()
        if name is not None and count > better[name]
    )
    return tuple(sorted(losses, key=lambda loss: (loss.better - loss.worse, loss.category)))


def _categories(candidate: Records, other: Records) -> Sequence[str | None] | None:
    """Each item's category, from the candidate or else from the other side; None if neither states any."""
    mine, theirs = candidate.categories, other.categories
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    return [right if left is None else left for left, right in zip(mine, theirs, strict=True)]


def loss_lines(losses: Sequence[CategoryLoss]) -> Iterator[str]:
    """The lines about lost categories for the page of a comparison; nothing if there is none."""
    if not losses:
        return
    of = f", the first {_SHOWN} of {len(losses):,}" if len(losses) > _SHOWN else ""
    yield f"\nCategories in which more items got worse than better{of}:"
    for loss in losses[:_SHOWN]:
        yield f"  {quoted(loss.category)}: {loss.worse:,} of {loss.items:,} items got worse, {loss.better:,} better"
