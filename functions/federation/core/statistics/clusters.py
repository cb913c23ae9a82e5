# SPDX-License-Identifier: Apache-2.0
"""Which items form a cluster, and what is the effective sample size of clustered items?"""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from federation.core.statistics import NORMAL_95
from federation.core.statistics.beta import student_95

FEWEST: Final = 20
"""The fewest clusters whose spread can be estimated. With twelve, an exceeded budget passed up to 15 % of the time."""
_ALONE: Final = 0.1
"""Below these degrees of freedom, one cluster outweighs all others."""


def dependent_clusters(clusters: Sequence[str | None] | None) -> Sequence[str | None] | None:
    """`clusters`, or None if no cluster contains two items."""
    if clusters is None:
        return None
    clustered_items = len(clusters) - sum(name is None for name in clusters)
    return clusters if len(set(clusters) - {None}) < clustered_items else None


def by_cluster(values: Sequence[float], clusters: Sequence[str | None] | None) -> Sequence[Sequence[float]]:
    """The values of each cluster, then each value without a cluster by itself."""
    if clusters is None:
        return [(value,) for value in values]
    together: defaultdict[str | None, list[float]] = defaultdict(list)
    for name, value in zip(clusters, values, strict=True):
        together[name].append(value)
    alone = together.pop(None, [])
    return [*together.values(), *((value,) for value in alone)]


def count_clusters(clusters: Sequence[str | None]) -> int:
    """The number of clusters. An item without a cluster counts as one."""
    return len(set(clusters) - {None}) + sum(name is None for name in clusters)


def too_few_clusters(clusters: Sequence[str | None] | None) -> str | None:
    """A clause that says that there are too few clusters; None if there are at least `FEWEST`, or none at all."""
    count = FEWEST if clusters is None else count_clusters(clusters)
    if count >= FEWEST:
        return None
    if count == 1:
        return (
            "these items are all in one cluster (a document, a conversation), and only other clusters could settle it"
        )
    return f"these items are in {count} clusters (documents, conversations), and only more clusters could settle it"


def degrees_of_freedom(count: int, squares: float, fourths: float) -> float:
    """Effective degrees of freedom of a sum of squares (Satterthwaite 1946, Biometrics Bulletin 2:110-114).

    Equal squares have `count` - 1 of them. If one outweighs all others, about one is left.

    Args:
        count: How many numbers.
        squares: The sum of their squares.
        fourths: The sum of their fourth powers.
    """
    return squares * squares / fourths * (count - 1) / count


def independent_items(influences: Sequence[float], clusters: Sequence[str | None], variance: float) -> float:
    """The effective sample size, at most the number of items.

    Kish's design effect (1965, Survey Sampling, section 5.4) is the variance of the sum of the influences, divided by the
    variance for independent items. Few clusters estimate it badly, so it is multiplied by the square of Student's t over
    the normal quantile.

    Args:
        influences: Each item's influence on an estimate; nearly 0 in sum.
        clusters: The cluster of each item; None for an item that stands alone.
        variance: The variance of the sum of the influences if all items were independent.
    """
    sums = [math.fsum(block) for block in by_cluster(influences, clusters)]
    count, (squares, spread) = len(sums), _squares(sums)
    if count < FEWEST or squares == 0.0:
        return float(count)
    doubt = student_95(spread * (count - 1) / count) / NORMAL_95
    effect = squares * doubt * doubt / variance * count / (count - 1)
    return len(influences) / max(effect, 1.0)


def effective_sample_size(values: Sequence[float], clusters: Sequence[str | None]) -> float:
    """The effective sample size for the mean of `values`, no smaller than with fully correlated clusters.

    Korn & Graubard 1998 (Survey Methodology 24:193-201) compute exact bounds for that many items. Each cluster is compared
    with the mean of all others, as in the jackknife, because a large cluster moves the common mean towards itself. Full
    correlation is assumed if one cluster outweighs all others. It is also assumed if no cluster contains two different
    values, as when whole conversations fail: two conversations of one turn say nothing about one of four hundred turns.

    Args:
        values: One value an item.
        clusters: The cluster of each item; None for an item that stands alone.
    """
    items = len(values)
    mean = math.fsum(values) / items
    blocks = by_cluster([value - mean for value in values], clusters)
    least = items * items / sum(len(block) ** 2 for block in blocks)
    if len(blocks) < FEWEST or all(min(block) == max(block) for block in blocks):
        return least
    squares, spread = _squares([math.fsum(block) / (1.0 - len(block) / items) for block in blocks])
    if spread - 1.0 < _ALONE:
        return least
    doubt = student_95(spread - 1.0) / NORMAL_95
    variance = math.fsum((value - mean) ** 2 for value in values)
    effect = squares * doubt * doubt / variance * len(blocks) / (len(blocks) - 1)
    return max(items / max(effect, 1.0), least)


def _squares(sums: Sequence[float]) -> tuple[float, float]:
    """The sum of squares, and the effective number of equal squares (Satterthwaite 1946); 0 and 0 if all are zero."""
    largest = max(map(abs, sums))
    if largest == 0.0:
        return 0.0, 0.0
    squares = [(each / largest) ** 2 for each in sums]
    total = math.fsum(squares)
    return total * largest * largest, total * total / math.fsum(square * square for square in squares)
