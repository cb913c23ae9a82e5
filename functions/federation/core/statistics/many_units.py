# SPDX-License-Identifier: Apache-2.0
"""What do many independent units show, computed with NumPy?

NumPy is imported with this module, so the module is imported only if there are too many units for plain Python.
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
"""Units that are resampled; more than that are first merged at random, which costs no accuracy."""
_SPARE: Final = 1.1
"""Random words for each draw: rejection keeps 992 of 1,000, so running short has a chance below 1e-1000."""
_WORD: Final = 65_536
_BLOCK: Final = 128
"""Rows that are gathered at once; what they need stays in the processor's cache."""
_Floats = NDArray[np.float64]


class _Units(NamedTuple):
    """The sum of values and the number of items of each unit."""

    sums: _Floats
    sizes: _Floats


def sample(values: Sequence[float], clusters: Sequence[str | None] | None, *, scale: float, span: float) -> Sample:
    """What the units of `values / scale` show.

    Args:
        values: One finite number an item; at least one.
        clusters: The cluster of each item; None for an item that stands alone.
        scale: What to divide by.
        span: The largest difference that one item can show, already divided by `scale`; 0 if unknown.
    """
    units = _units(np.asarray(values, dtype=np.float64) / scale, clusters)
    mean = float(units.sums.sum() / len(values))
    residuals = units.sums - mean * units.sizes
    return Sample(
        count=len(units.sums),
        items=len(values),
        heaviest=int(units.sizes.max()),
        mean=mean,
        middle=middle(np.sort(units.sums / units.sizes), span),
        squares=float((residuals**2).sum()),
        cubes=float((residuals**3).sum()),
        jackknifed=float(((residuals / np.maximum(1.0 - units.sizes / len(values), WHOLE)) ** 2).sum()),
        degrees_of_freedom=degrees_of_freedom(
            len(units.sums), float((units.sizes**2).sum()), float((units.sizes**4).sum())
        ),
        groups=partial(_groups, units),
        replicates=partial(_replicates, _Units(residuals, units.sizes)),
    )


def _groups(units: _Units) -> Sequence[Group]:
    """Groups of equal units; `units` must be sorted."""
    other = (np.diff(units.sums, prepend=np.nan) != 0.0) | (np.diff(units.sizes, prepend=np.nan) != 0.0)
    starts = np.flatnonzero(other)
    counts = np.diff(starts, append=len(units.sums))
    return list(map(Group, units.sizes[starts].tolist(), units.sums[starts].tolist(), counts.tolist()))


def _units(values: _Floats, clusters: Sequence[str | None] | None) -> _Units:
    """One unit per cluster, sorted by size and sum, so that neither file order nor names change a bound."""
    if clusters is None:
        return _Units(np.sort(values), np.ones(len(values)))
    codes = _codes(clusters)
    order = np.lexsort((values, codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sums = np.add.reduceat(values[order], starts)
    sizes = np.diff(starts, append=len(values)).astype(np.float64)
    order = np.lexsort((sums, sizes))
    return _Units(sums[order], sizes[order])


def _codes(clusters: Sequence[str | None]) -> NDArray[np.int64]:
    """The number of each item's unit."""
    known: defaultdict[str | None, int] = defaultdict(itertools.count().__next__)
    codes = np.fromiter(map(known.__getitem__, clusters), np.int64, len(clusters))
    if None in known:
        alone = np.flatnonzero(codes == known[None])
        codes[alone] = len(known) + np.arange(len(alone))
    return codes


def _replicates(units: _Units, seed: int) -> Replicates:
    """The bootstrap samples, of at most `_MOST` units."""
    residuals, sizes = _merged(units, seed)
    return replicates(residuals, sizes, draws(len(sizes), seed))


def _merged(units: _Units, seed: int) -> _Units:
    """At most `_MOST` units, merged at random from the given ones; residuals add up as sums do."""
    count = len(units.sums)
    if count <= _MOST:
        return units
    order = np.argsort(np.frombuffer(stream("order", seed, 8 * count), "<u8"), kind="stable")
    starts = np.arange(_MOST) * count // _MOST
    return _Units(np.add.reduceat(units.sums[order], starts), np.add.reduceat(units.sizes[order], starts))


@lru_cache(maxsize=4)
def draws(count: int, seed: int) -> NDArray[np.intp]:
    """The units' indices, one row per replicate; words beyond the last whole multiple of `count` are rejected.

    Cached, since a suite has the same number of units for every metric.
    """
    needed = REPLICATES * count
    words = np.frombuffer(stream("words", seed, 2 * int(_SPARE * needed)), "<u2")
    kept = words[words < _WORD - _WORD % count] % count
    chosen = kept[:needed].astype(np.intp)  # as `take` wants them, which else converts them each time
    return chosen.reshape(REPLICATES, count)


def replicates(residuals: _Floats, sizes: _Floats, chosen: NDArray[np.integer]) -> Replicates:
    """The sums of the units chosen in each row."""
    equal = sizes.min() == sizes.max()
    sums = np.empty((2 if equal else 5, len(chosen)))
    for start in range(0, len(chosen), _BLOCK):
        rows = slice(start, start + _BLOCK)
        drawn = residuals.take(chosen[rows])
        sums[:2, rows] = drawn.sum(axis=1), _products(drawn, drawn)
        if not equal:
            weights = sizes.take(chosen[rows])
            sums[2:, rows] = weights.sum(axis=1), _products(drawn, weights), _products(weights, weights)
    if equal:
        return Replicates.of_one_size(*sums.tolist(), count=len(sizes), size=float(sizes[0]))
    return Replicates(*sums.tolist())


def _products(one: _Floats, other: _Floats) -> _Floats:
    """The sum of the products of each row."""
    found: _Floats = np.einsum("ij,ij->i", one, other)
    return found
