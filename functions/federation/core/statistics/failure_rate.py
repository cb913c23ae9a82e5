# SPDX-License-Identifier: Apache-2.0
"""At most how many of all items fail, and how many more would have to hold for a lower bound?

Items of one cluster may fail together. So where clusters repeat they are the trials, each with its items: long
conversations may fail more often than short ones. If it gives a tighter bound, the items are the trials instead, thinned
to as many as the spread of failures over clusters makes them worth. While nothing fails, that spread cannot be estimated.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from federation.core.statistics.bounded import Group, bounded_lower
from federation.core.statistics.clusters import by_cluster, repeating, worth
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
        """How many more trials without a failure bound it at `limit`, if they are worth as much as those that ran."""
        lacking = items_for_rate(limit, math.ceil(self.expected)) - self.independent
        return max(math.ceil(lacking * self.total / self.independent), 1)


def failure_rate(held: Sequence[float], clusters: Sequence[str | None] | None) -> FailureRate:
    """The failures and their bound.

    Args:
        held: 1 for an item that held, 0 for one that failed; at least one item.
        clusters: The cluster of each item; None for an item that stands alone.
    """
    items, together = len(held), repeating(clusters)
    failed = items - round(math.fsum(held))
    alone = rate_upper(failed, items)
    if together is None:
        return FailureRate(
            unit="items", failed=failed, total=items, upper=alone, independent=items, expected=float(failed)
        )
    whole = _of_clusters(by_cluster(held, together), failed, alone)
    independent = worth(held, together)
    expected = failed * independent / items
    thinned = rate_upper(expected, independent)
    if thinned >= whole.upper:
        return whole
    return replace(whole, upper=thinned, independent=independent, expected=expected)


def _of_clusters(clusters: Sequence[Sequence[float]], failed: int, alone: float) -> FailureRate:
    """The bound if all items of a cluster may fail together; never below `alone`, that of independent items."""
    alike = Counter((len(cluster), math.fsum(cluster)) for cluster in clusters)
    heaviest = max(map(len, clusters))
    groups = [Group(size, held - size, count) for (size, held), count in alike.items()]
    return FailureRate(
        unit="clusters",
        failed=sum(min(cluster) < 1.0 for cluster in clusters),
        total=len(clusters),
        upper=max(-bounded_lower(groups, worst=-1.0, unseen=heaviest), alone),
        independent=sum(map(len, clusters)) / heaviest,
        expected=failed / heaviest,
    )
