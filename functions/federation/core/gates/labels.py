# SPDX-License-Identifier: Apache-2.0
"""Does a run of a suite say of its items all that an earlier run said?

A suite's digest fixes its items, what they share and what they are about. What one unit leaves unsaid the next one could not
be held to, since it is compared with that unit. More may be said at any time, and nobody need repeat the name of a cluster
of one, as an item without any stands alone, too.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from federation.core.records import Records, quoted
from federation.core.statistics.comparison import shared_clusters, unshared


def alike(records: Records, before: Records) -> tuple[Records, str | None]:
    """The records with the clusters of both sides; or the sentence that says where the sides contradict."""
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
    """Which item of an earlier run has a cluster there and not here, as a sentence; None where the items differ."""
    if before.clusters is None or unshared(records, before) is not None:
        return None
    earlier = before.ordered(records.items)
    return _unsaid("cluster", records, earlier, records.clusters, _shared(earlier.clusters))


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
            return f"item {quoted(item)} is in {word} {quoted(then)} of {before.what}, and {says} of {records.what}"
    return None
