# SPDX-License-Identifier: Apache-2.0
"""Does a run of a safety suite say the same of its items as the baseline's run did?

A suite's digest fixes its items, what they share and what they are about. What one unit leaves unsaid the next one could not
be held to, since it is compared with that unit.
"""

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
    return replace(records, clusters=clusters), clash or _lost(records, earlier)


def _lost(records: Records, earlier: Records) -> str | None:
    """What the baseline's run says of an item and this one does not, as a sentence."""
    labels = (("cluster", records.clusters, earlier.clusters), ("category", records.categories, earlier.categories))
    found = (_unsaid(word, records, mine, theirs) for word, mine, theirs in labels if theirs is not None)
    return next((sentence for sentence in found if sentence), None)


def _unsaid(word: str, records: Records, mine: Sequence[str | None] | None, theirs: Sequence[str | None]) -> str | None:
    for item, now, then in zip(records.items, mine or [None] * len(theirs), theirs, strict=True):
        if then is not None and now != then:
            says = "none" if now is None else quoted(now)
            return f"item {quoted(item)} is in {word} {quoted(then)} of the baseline's records, and {says} of {records.what}"
    return None
