# SPDX-License-Identifier: Apache-2.0
"""Which examples does a worker see in which step? Its own part of a batch that is the same however many share it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Shares:
    """The parts of every batch.

    Args:
        total: How many examples there are.
        batch: Examples a step, over all workers.
        among: How many workers share a batch.
        seed: Of the order.
    """

    def __init__(self, *, total: int, batch: int, among: int, seed: int) -> None:
        self._total = total
        self._batch = batch
        self._among = among
        self._seed = seed

    def of(self, worker: int, step: int) -> Sequence[int]:
        """The numbers of a worker's examples in a step; all workers' together are the batch, in order."""
        size = self._batch // self._among
        found: list[int] = self._drawn(step)[worker * size : (worker + 1) * size].tolist()
        return found

    def _drawn(self, step: int) -> NDArray[np.int64]:
        """A batch: each example once in an order drawn for its round, then all of them again in another."""
        begin = step * self._batch
        rounds = range(begin // self._total, (begin + self._batch - 1) // self._total + 1)
        orders = [np.random.default_rng([self._seed, number]).permutation(self._total) for number in rounds]
        return np.concatenate(orders)[begin - rounds[0] * self._total :][: self._batch]
