# SPDX-License-Identifier: Apache-2.0
"""Which examples does a worker see in a step? Its part of a batch that is the same however many workers share it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Shares:
    """How every batch is divided.

    Args:
        total: Number of examples.
        batch: Examples per step, over all workers.
        among: Number of workers that share a batch.
        seed: Seeds the order.
    """

    def __init__(self, *, total: int, batch: int, among: int, seed: int) -> None:
        self._total = total
        self._batch = batch
        self._among = among
        self._seed = seed

    def of(self, worker: int, step: int) -> Sequence[int]:
        """The numbers of a worker's examples in a step; all workers' numbers together are the batch, in order."""
        size = self._batch // self._among
        numbers: list[int] = self._drawn(step)[worker * size : (worker + 1) * size].tolist()
        return numbers

    def _drawn(self, step: int) -> NDArray[np.int64]:
        """A batch. Each round goes through all examples once, in an order of its own."""
        begin = step * self._batch
        rounds = range(begin // self._total, (begin + self._batch - 1) // self._total + 1)
        orders = [np.random.default_rng([self._seed, number]).permutation(self._total) for number in rounds]
        return np.concatenate(orders)[begin - rounds[0] * self._total :][: self._batch]
