# SPDX-License-Identifier: Apache-2.0
"""Does a run of a suite state all the clusters and categories that an earlier run stated?

A suite's digest fixes its items, their clusters and their categories. The next unit is compared with this one, so a
label that is missing here would be lost for good. A run may always state more labels. It need not repeat a cluster of
a single item, because an item without a cluster stands alone, too.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from federation.core.records import Records, quoted
from federation.core.statistics.comparison import item_difference, shared_clusters


def with_shared_clusters(records: Records, before: Records) -> tuple[Records, str | None]:
    """The records with both sides' clusters, and a sentence about a contradiction between the sides, or None."""
    different = item_difference(records, before)
    if different is not None:
        return records, different
    earlier = before.ordered(records.items)
    clusters, clash = shared_clusters(records, earlier)
    contradiction = (
        clash
        or _contradiction("cluster", records, earlier, records.clusters, _repeated_clusters(earlier.clusters))
        or _contradiction("category", records, earlier, records.categories, earlier.categories)
    )
    return replace(records, clusters=clusters), contradiction


def cluster_omission(records: Records, before: Records) -> str | None:
    """A sentence about an item whose earlier cluster is missing here; None if there is none, or if the items differ."""
    if before.clusters is None or item_difference(records, before) is not None:
        return None
    earlier = before.ordered(records.items)
    return _contradiction("cluster", records, earlier, records.clusters, _repeated_clusters(earlier.clusters))


def category_change(records: Records, before: Records) -> str | None:
    """A sentence about an item that left or joined a category of the earlier run; None if there is no such item.

    Categories that the earlier run does not have are ignored. Both sides must contain the same items.
    """
    earlier = before.ordered(records.items)
    earlier_categories = frozenset(earlier.categories or ()) - {None}
    joined = records.categories and [name if name in earlier_categories else None for name in records.categories]
    return _contradiction("category", records, earlier, records.categories, earlier.categories) or _contradiction(
        "category", earlier, records, earlier.categories, joined
    )


def _repeated_clusters(clusters: Sequence[str | None] | None) -> Sequence[str | None] | None:
    """The clusters; None for an item whose cluster contains no other item."""
    times = Counter(clusters or ())
    return clusters and [name if times[name] > 1 else None for name in clusters]


def _contradiction(
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
            label = "none" if now is None else quoted(now)
            return f"item {quoted(item)} is in {word} {quoted(then)} in {before.what} and in {label} in {records.what}"
    return None
