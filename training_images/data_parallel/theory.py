# SPDX-License-Identifier: Apache-2.0
"""How many bytes should cross the network in one step?

A ring all-reduce over n workers is a reduce-scatter and an all-gather of n - 1 messages of 1/n of the gradient each
(Patarasuk and Yuan, 2009, https://doi.org/10.1016/j.jpdc.2008.09.002): every worker sends 2 (n - 1) / n of the model, and
receives as much. A synchronous parameter server takes a gradient from each of n workers and gives each the new weights:
2 n of the model pass through it, 2 through each worker (Li et al., OSDI 2014).
"""

from training_images.data_parallel.recipe import Exchange, workers


def by_rank(exchange: Exchange, world: int, model: int) -> list[int]:
    """Bytes that each process sends and receives per step, in order of rank, for a model of `model` bytes."""
    if world == 1:
        return [0]
    among = workers(exchange, world)
    if exchange == "server":
        return [2 * among * model, *[2 * model] * among]
    return [4 * (among - 1) * model // among] * among
