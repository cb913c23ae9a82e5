# SPDX-License-Identifier: Apache-2.0
"""Summarises and resamples many blocks with NumPy.

A block is a cluster, or an item that stands alone. This module imports NumPy, so it is imported only for more blocks
than plain Python can handle.
"""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from federation.core.statistics.bounded import Group
from federation.core.statistics.clusters import degrees_of_freedom
from federation.core.statistics.sample import REPLICATES, WHOLE, Replicates, Sample, middle, stream

_MOST: Final = 500
"""The most blocks that are resampled. More of them are first merged at random, without loss of accuracy."""
_SPARE: Final = 1.1
"""Random words for each draw. 992 of 1,000 are used, so running short has a chance below 1e-1000."""
_WORD: Final = 65_536
_BLOCK: Final = 128
"""Rows gathered at once, which fit into the processor's cache."""
_Floats = NDArray[np.float64]


class _Blocks(NamedTuple):
    """The sum of values and the number of items of each block."""

    sums: _Floats
    sizes: _Floats


def sample(
    values: Sequence[float], clusters: Sequence[str | None] | None, *, scale: float, score_range: float
) -> Sample:
    """The sums over the blocks of `values / scale`.

    Args:
        values: One finite number an item; at least one.
        clusters: The cluster of each item; None for an item that stands alone.
        scale: What to divide by.
        score_range: The largest difference that one item can show, already divided by `scale`; 0 if unknown.
    """
    blocks = _blocks(np.asarray(values, dtype=np.float64) / scale, clusters)
    mean = float(blocks.sums.sum() / len(values))
    residuals = blocks.sums - mean * blocks.sizes
    return Sample(
        count=len(blocks.sums),
        items=len(values),
        heaviest=int(blocks.sizes.max()),
        mean=mean,
        middle=middle(np.sort(blocks.sums / blocks.sizes), score_range),
        squares=float((residuals**2).sum()),
        cubes=float((residuals**3).sum()),
        jackknifed=float(((residuals / np.maximum(1.0 - blocks.sizes / len(values), WHOLE)) ** 2).sum()),
        degrees_of_freedom=degrees_of_freedom(
            len(blocks.sums), float((blocks.sizes**2).sum()), float((blocks.sizes**4).sum())
        ),
        groups=partial(_groups, blocks),
        replicates=partial(_replicates, _Blocks(residuals, blocks.sizes)),
    )


def _groups(blocks: _Blocks) -> Sequence[Group]:
    """Groups of equal blocks; `blocks` must be sorted."""
    other = (np.diff(blocks.sums, prepend=np.nan) != 0.0) | (np.diff(blocks.sizes, prepend=np.nan) != 0.0)
    starts = np.flatnonzero(other)
    counts = np.diff(starts, append=len(blocks.sums))
    return list(map(Group, blocks.sizes[starts].tolist(), blocks.sums[starts].tolist(), counts.tolist()))


def _blocks(values: _Floats, clusters: Sequence[str | None] | None) -> _Blocks:
    """The blocks, sorted by size and sum, so that neither file order nor names change a bound."""
    if clusters is None:
        return _Blocks(np.sort(values), np.ones(len(values)))
    codes = _codes(clusters)
    order = np.lexsort((values, codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sums = np.add.reduceat(values[order], starts)
    sizes = np.diff(starts, append=len(values)).astype(np.float64)
    order = np.lexsort((sums, sizes))
    return _Blocks(sums[order], sizes[order])


def _codes(clusters: Sequence[str | None]) -> NDArray[np.int64]:
    """The number of each item's block."""
    code_of: defaultdict[str | None, int] = defaultdict(itertools.count().__next__)
    codes = np.fromiter(map(code_of.__getitem__, clusters), np.int64, len(clusters))
    if None in code_of:
        alone = np.flatnonzero(codes == code_of[None])
        codes[alone] = len(code_of) + np.arange(len(alone))
    return codes


def _replicates(blocks: _Blocks, seed: int) -> Replicates:
    """The sums of the bootstrap samples of at most `_MOST` blocks."""
    residuals, sizes = _merged(blocks, seed)
    return replicates(residuals, sizes, draws(len(sizes), seed))


def _merged(blocks: _Blocks, seed: int) -> _Blocks:
    """At most `_MOST` blocks, merged at random from the given ones. Residuals add up like sums."""
    count = len(blocks.sums)
    if count <= _MOST:
        return blocks
    order = np.argsort(np.frombuffer(stream("order", seed, 8 * count), "<u8"), kind="stable")
    starts = np.arange(_MOST) * count // _MOST
    return _Blocks(np.add.reduceat(blocks.sums[order], starts), np.add.reduceat(blocks.sizes[order], starts))


@lru_cache(maxsize=4)
def draws(count: int, seed: int) -> NDArray[np.intp]:
    """The blocks' indices, one row per replicate. Words beyond the last multiple of `count` are rejected.

    Cached, because a suite has the same number of blocks for every metric.
    """
    needed = REPLICATES * count
    words = np.frombuffer(stream("words", seed, 2 * int(_SPARE * needed)), "<u2")
    accepted = words[words < _WORD - _WORD % count] % count
    chosen = accepted[:needed].astype(np.intp)  # the type that `take` would otherwise convert to each time
    return chosen.reshape(REPLICATES, count)


def replicates(residuals: _Floats, sizes: _Floats, chosen: NDArray[np.integer]) -> Replicates:
    """The sums of the blocks chosen in each row."""
    equal = sizes.min() == sizes.max()
    sums = np.empty((2 if equal else 5, len(chosen)))
    for start in range(0, len(chosen), _BLOCK):
        rows = slice(start, start + _BLOCK)
        picked = residuals.take(chosen[rows])
        sums[:2, rows] = picked.sum(axis=1), _products(picked, picked)
        if not equal:
            weights = sizes.take(chosen[rows])
            sums[2:, rows] = weights.sum(axis=1), _products(picked, weights), _products(weights, weights)
    if equal:
        return Replicates.of_one_size(*sums.tolist(), count=len(sizes), size=float(sizes[0]))
    return Replicates(*sums.tolist())


def _products(first: _Floats, second: _Floats) -> _Floats:
    """The sum of the products of each row."""
    products: _Floats = np.einsum("ij,ij->i", first, second)
    return products
