# SPDX-License-Identifier: Apache-2.0
"""What share of all items may fail, and how many more items without a failure would lower that bound?

Items of one cluster may fail together. So if clusters contain several items, the clusters are the trials; long
conversations may fail more often than short ones. If it gives a tighter bound, the items are the trials instead, reduced
to their effective sample size. Without failures, that size cannot be estimated.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from federation.core.statistics.bounded import Group, bounded_lower
from federation.core.statistics.clusters import by_cluster, dependent_clusters, effective_sample_size
from federation.core.statistics.exact import rate_upper
from federation.core.statistics.power import items_for_rate


class FailureRate(msgspec.Struct, frozen=True, kw_only=True):
    """Trials (items or clusters), failures among them, and the one-sided 95 % upper bound on the share of items that fail.

    `independent` is the number of independent trials behind the bound, and `expected` the failures among those.
    """

    unit: Literal["items", "clusters"]
    failed: int
    total: int
    upper: float
    independent: float
    expected: float

    def missing(self, limit: float) -> int:
        """How many more trials without a failure would bound the rate at `limit`, at least 1."""
        lacking = items_for_rate(limit, math.ceil(self.expected)) - self.independent
        return max(math.ceil(lacking * self.total / self.independent), 1)


def failure_rate(scores: Sequence[float], clusters: Sequence[str | None] | None) -> FailureRate:
    """The failures and the bound on their rate.

    Args:
        scores: 1 for an item that passed, 0 for one that failed; at least one item.
        clusters: The cluster of each item; None for an item that stands alone.
    """
    items, together = len(scores), dependent_clusters(clusters)
    failed = items - round(math.fsum(scores))
    alone = rate_upper(failed, items)
    if together is None:
        return FailureRate(
            unit="items", failed=failed, total=items, upper=alone, independent=items, expected=float(failed)
        )
    whole = _cluster_rate(by_cluster(scores, together), failed, alone)
    independent = effective_sample_size(scores, together)
    expected = failed * independent / items
    by_items = rate_upper(expected, independent)
    if by_items >= whole.upper:
        return whole
    return replace(whole, upper=by_items, independent=independent, expected=expected)


def _cluster_rate(clusters: Sequence[Sequence[float]], failed: int, alone: float) -> FailureRate:
    """The rate if all items of a cluster may fail together. Its bound is never below `alone`, for independent items."""
    counts = Counter((len(cluster), math.fsum(cluster)) for cluster in clusters)
    heaviest = max(map(len, clusters))
    groups = [Group(size, total - size, count) for (size, total), count in counts.items()]
    return FailureRate(
        unit="clusters",
        failed=sum(min(cluster) < 1.0 for cluster in clusters),
        total=len(clusters),
        upper=max(-bounded_lower(groups, worst=-1.0, unseen=heaviest), alone),
        independent=sum(map(len, clusters)) / heaviest,
        expected=failed / heaviest,
    )
