# SPDX-License-Identifier: Apache-2.0
"""Summarises and resamples a few blocks in plain Python, in less time than NumPy takes to import.

A block is a cluster, or an item that stands alone. Its sum is exactly rounded (`math.fsum`), so the order of its items
changes nothing.
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
"""Random bytes for each draw. At least 129 of 256 values are used, so running short has a chance below 1e-1000."""
_Picker = Callable[[Sequence[float]], tuple[float, ...]]


def sample(
    values: Sequence[float], clusters: Sequence[str | None] | None, *, scale: float, score_range: float
) -> Sample:
    """The sums over the blocks of `values / scale`.

    Args:
        values: One finite number an item, in 1 to 256 blocks.
        clusters: The cluster of each item; None for an item that stands alone.
        scale: What to divide by.
        score_range: The largest difference that one item can show, already divided by `scale`; 0 if unknown.
    """
    blocks = sorted(
        (len(block), math.fsum(block)) for block in by_cluster([value / scale for value in values], clusters)
    )
    sizes, items = [float(size) for size, _ in blocks], len(values)
    mean = math.fsum(total for _, total in blocks) / items
    residuals = [total - mean * size for size, total in blocks]
    return Sample(
        count=len(blocks),
        items=items,
        heaviest=blocks[-1][0],
        mean=mean,
        middle=middle(sorted(total / size for size, total in blocks), score_range),
        squares=math.fsum(e * e for e in residuals),
        cubes=math.fsum(e * e * e for e in residuals),
        jackknifed=math.fsum(
            (e / max(1.0 - size / items, WHOLE)) ** 2 for e, size in zip(residuals, sizes, strict=True)
        ),
        degrees_of_freedom=degrees_of_freedom(
            len(blocks), sum(size**2 for size in sizes), sum(size**4 for size in sizes)
        ),
        groups=partial(_groups, blocks),
        replicates=partial(replicates, residuals, sizes),
    )


def _groups(blocks: Sequence[tuple[int, float]]) -> Sequence[Group]:
    return [Group(size, total, count) for (size, total), count in Counter(blocks).items()]


def replicates(residuals: Sequence[float], sizes: Sequence[float], seed: int) -> Replicates:
    """The sums of `REPLICATES` bootstrap samples. The blocks must be sorted by size."""
    pickers = _pickers(len(sizes), seed)
    e, ee = [sum(pick(residuals)) for pick in pickers], _sums(pickers, residuals, residuals)
    if sizes[0] == sizes[-1]:
        return Replicates.of_one_size(e, ee, count=len(sizes), size=sizes[0])
    k = [sum(pick(sizes)) for pick in pickers]
    return Replicates(e, ee, k, _sums(pickers, residuals, sizes), _sums(pickers, sizes, sizes))


def _sums(pickers: Sequence[_Picker], first: Sequence[float], second: Sequence[float]) -> Sequence[float]:
    """The sum of products in each replicate."""
    products = list(map(mul, first, second))
    return [sum(pick(products)) for pick in pickers]


@lru_cache(maxsize=4)
def _pickers(count: int, seed: int) -> Sequence[_Picker]:
    """One itemgetter for each replicate. Cached, because a suite has the same number of blocks for every metric."""
    indices = draws(count, seed)
    return [itemgetter(*indices[start : start + count]) for start in range(0, REPLICATES * count, count)]


def draws(count: int, seed: int) -> bytes:
    """The blocks' indices in all replicates, one byte each. Bytes beyond the last multiple of `count` are rejected."""
    whole = _BYTE - _BYTE % count
    wrapped = bytes(value % count for value in range(_BYTE))
    accepted = stream("bytes", seed, _SPARE * REPLICATES * count).translate(wrapped, bytes(range(whole, _BYTE)))
    return accepted[: REPLICATES * count]
