# SPDX-License-Identifier: Apache-2.0
"""Which items belong together, and of how many independent ones are they worth as much?"""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from federation.core.statistics import NORMAL_95
from federation.core.statistics.beta import student_95

_FEWEST: Final = 2
"""Clusters below which nothing shows how far they differ."""


def repeating(clusters: Sequence[str | None] | None) -> Sequence[str | None] | None:
    """`clusters`, unless each holds one item and therefore changes nothing."""
    if clusters is None:
        return None
    named = len(clusters) - sum(name is None for name in clusters)
    return clusters if len(set(clusters) - {None}) < named else None


def by_cluster(values: Sequence[float], clusters: Sequence[str | None] | None) -> Sequence[Sequence[float]]:
    """The values of each cluster; those of no cluster stand alone, last."""
    if clusters is None:
        return [(value,) for value in values]
    together: defaultdict[str | None, list[float]] = defaultdict(list)
    for name, value in zip(clusters, values, strict=True):
        together[name].append(value)
    alone = together.pop(None, [])
    return [*together.values(), *((value,) for value in alone)]


def count_clusters(clusters: Sequence[str | None]) -> int:
    """How many there are; an item of no cluster is one of its own."""
    return len(set(clusters) - {None}) + sum(name is None for name in clusters)


def freedom(count: int, squares: float, fourths: float) -> float:
    """Degrees of freedom of a sum of squares: one less in `count` than equal ones that would spread as much.

    Satterthwaite 1946, Biometrics Bulletin 2:110-114, of `count` numbers from their sums to the power of two and of
    four. Equal ones have one degree less than there are of them; one giant among dwarfs leaves little more than one.
    """
    return squares * squares / fourths * (count - 1) / count


def independent_items(pulls: Sequence[float], clusters: Sequence[str | None], variance: float) -> float:
    """How many independent items tell as much as these; at most as many as there are.

    Kish's design effect (1965, Survey Sampling, section 5.4): what the sum of the pulls varies by, over what it would
    vary by if no item depended on another. Few clusters do not show well what they vary by, so the effect grows with
    the square of Student's t over the normal quantile.

    Args:
        pulls: How far each item moves an estimate; nearly 0 in sum.
        clusters: Of each item; None stands alone.
        variance: Of the sum of the pulls if all items were independent.
    """
    sums = [math.fsum(unit) for unit in by_cluster(pulls, clusters)]
    if len(sums) < _FEWEST:
        return 1.0
    largest = max(map(abs, sums))
    if largest == 0.0:
        return float(len(pulls))
    squares = [(pull / largest) ** 2 for pull in sums]
    total, fourths = math.fsum(squares), math.fsum(square * square for square in squares)
    doubt = student_95(freedom(len(sums), total, fourths)) / NORMAL_95
    effect = total * (largest * doubt) ** 2 / variance * len(sums) / (len(sums) - 1)
    return len(pulls) / max(effect, 1.0)
