# SPDX-License-Identifier: Apache-2.0
"""Does a run of a suite state all the clusters and categories of its items that an earlier run stated?

A suite's digest fixes its items, their clusters and their categories. The next unit is compared with this one, so a
label that this one leaves out could not be demanded of the next. A run may state more labels at any time, and need not
repeat a cluster of a single item, since an item without a cluster stands alone, too.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from federation.core.records import Records, quoted
from federation.core.statistics.comparison import shared_clusters, unshared


def alike(records: Records, before: Records) -> tuple[Records, str | None]:
    """The records with the clusters of both sides, and a sentence that says where the sides contradict, if they do."""
    different = unshared(records, before)
    if different is not None:
        return records, different
    earlier = before.ordered(records.items)
    clusters, clash = shared_clusters(records, earlier)
    contradiction = (
        clash
        or _unsaid("cluster", records, earlier, records.clusters, _shared(earlier.clusters))
        or _unsaid("category", records, earlier, records.categories, earlier.categories)
    )
    return replace(records, clusters=clusters), contradiction


def unsaid_cluster(records: Records, before: Records) -> str | None:
    """A sentence about an item whose earlier cluster is not stated here; None if all are, or if the items differ."""
    if before.clusters is None or unshared(records, before) is not None:
        return None
    earlier = before.ordered(records.items)
    return _unsaid("cluster", records, earlier, records.clusters, _shared(earlier.clusters))


def regrouped(records: Records, before: Records) -> str | None:
    """A sentence about an item that left or joined a category of the earlier run; None if there is no such item.

    A category that the earlier run does not state at all is new, and no item can join it. Both sides must contain the
    same items.
    """
    earlier = before.ordered(records.items)
    known = frozenset(earlier.categories or ()) - {None}
    joined = records.categories and [name if name in known else None for name in records.categories]
    return _unsaid("category", records, earlier, records.categories, earlier.categories) or _unsaid(
        "category", earlier, records, earlier.categories, joined
    )


def _shared(clusters: Sequence[str | None] | None) -> Sequence[str | None] | None:
    """The clusters, without those of a single item."""
    times = Counter(clusters or ())
    return clusters and [name if times[name] > 1 else None for name in clusters]


def _unsaid(
    word: str,
    records: Records,
    before: Records,
    here: Sequence[str | None] | None,
    there: Sequence[str | None] | None,
) -> str | None:
    if there is None:
        return None
    for item, now, then in zip(records.items, here or [None] * len(there), there, strict=True):
        if then is not None and now != then:
            says = "none" if now is None else quoted(now)
            return f"item {quoted(item)} is in {word} {quoted(then)} in {before.what} and in {says} in {records.what}"
    return None
