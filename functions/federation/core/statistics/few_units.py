# SPDX-License-Identifier: Apache-2.0
"""What do a few independent units show, computed in less time than NumPy takes to import?

The sum of a unit is exactly rounded (`math.fsum`), so the order of its items changes nothing.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from operator import itemgetter, mul
from typing import Final

from federation.core.statistics.bounded import Group
from federation.core.statistics.clusters import by_cluster, degrees_of_freedom
from federation.core.statistics.sample import REPLICATES, WHOLE, Replicates, Sample, middle, stream

_BYTE: Final = 256
_SPARE: Final = 3
"""Random bytes for each draw: rejection keeps at least 129 of 256 values, so running short has a chance below 1e-1000."""
_Pick = Callable[[Sequence[float]], tuple[float, ...]]


def sample(values: Sequence[float], clusters: Sequence[str | None] | None, *, scale: float, span: float) -> Sample:
    """What the units of `values / scale` show.

    Args:
        values: One finite number an item, in 1 to 256 units.
        clusters: The cluster of each item; None for an item that stands alone.
        scale: What to divide by.
        span: The largest difference that one item can show, already divided by `scale`; 0 if unknown.
    """
    units = sorted((len(unit), math.fsum(unit)) for unit in by_cluster([value / scale for value in values], clusters))
    sizes, items = [float(size) for size, _ in units], len(values)
    mean = math.fsum(total for _, total in units) / items
    residuals = [total - mean * size for size, total in units]
    return Sample(
        count=len(units),
        items=items,
        heaviest=units[-1][0],
        mean=mean,
        middle=middle(sorted(total / size for size, total in units), span),
        squares=math.fsum(e * e for e in residuals),
        cubes=math.fsum(e * e * e for e in residuals),
        jackknifed=math.fsum(
            (e / max(1.0 - size / items, WHOLE)) ** 2 for e, size in zip(residuals, sizes, strict=True)
        ),
        degrees_of_freedom=degrees_of_freedom(
            len(units), sum(size**2 for size in sizes), sum(size**4 for size in sizes)
        ),
        groups=partial(_groups, units),
        replicates=partial(replicates, residuals, sizes),
    )


def _groups(units: Sequence[tuple[int, float]]) -> Sequence[Group]:
    return [Group(size, total, count) for (size, total), count in Counter(units).items()]


def replicates(residuals: Sequence[float], sizes: Sequence[float], seed: int) -> Replicates:
    """`REPLICATES` bootstrap samples of as many units, which must be sorted by size."""
    picks = _picks(len(sizes), seed)
    e, ee = [sum(pick(residuals)) for pick in picks], _sums(picks, residuals, residuals)
    if sizes[0] == sizes[-1]:
        return Replicates.of_one_size(e, ee, count=len(sizes), size=sizes[0])
    k = [sum(pick(sizes)) for pick in picks]
    return Replicates(e, ee, k, _sums(picks, residuals, sizes), _sums(picks, sizes, sizes))


def _sums(picks: Sequence[_Pick], one: Sequence[float], other: Sequence[float]) -> Sequence[float]:
    """Each replicate's sum of products."""
    products = list(map(mul, one, other))
    return [sum(pick(products)) for pick in picks]


@lru_cache(maxsize=4)
def _picks(count: int, seed: int) -> Sequence[_Pick]:
    """One itemgetter for each replicate; cached, since a suite has the same number of units for every metric."""
    drawn = draws(count, seed)
    return [itemgetter(*drawn[start : start + count]) for start in range(0, REPLICATES * count, count)]


def draws(count: int, seed: int) -> bytes:
    """The units' indices in all replicates, one byte each; bytes beyond the last whole multiple of `count` are rejected."""
    whole = _BYTE - _BYTE % count
    wrapped = bytes(value % count for value in range(_BYTE))
    kept = stream("bytes", seed, _SPARE * REPLICATES * count).translate(wrapped, bytes(range(whole, _BYTE)))
    return kept[: REPLICATES * count]
