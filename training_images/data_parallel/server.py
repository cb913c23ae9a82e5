# SPDX-License-Identifier: Apache-2.0
"""How do workers learn through a server? Each sends its gradient to rank 0, which returns the improved weights.

It is synchronous: the server waits for every gradient and adds them up in order of rank, so a run can be repeated. It
uses plain send and receive of torch.distributed: the RPC package, once used for this, is only maintained.
"""

import torch
import torch.distributed as dist

from training_images.data_parallel import group
from training_images.data_parallel.exchange import Batch, SingleProcess, fill, flat, loss_of
from training_images.data_parallel.model import Router

_SERVER = 0


class Server(SingleProcess):
    """Rank 0: keeps the weights and the optimiser's state, and does not learn from examples itself."""

    def __init__(self, router: Router, clip: float) -> None:
        super().__init__(router, clip)
        self._workers = range(1, dist.get_world_size())
        self._gradients = [torch.empty_like(flat(router.parameters())) for _ in self._workers]

    def step(self, batch: Batch | None, rate: float) -> float:
        """Receive every worker's gradient and send every worker the new weights."""
        del batch
        parameters = list(self.router.parameters())
        _wait([dist.irecv(row, rank) for row, rank in zip(self._gradients, self._workers, strict=True)])
        for weight in parameters:
            weight.grad = torch.empty_like(weight)
        fill(
            (weight.grad for weight in parameters if weight.grad is not None), torch.stack(self._gradients).mean(dim=0)
        )
        self.apply_gradients(rate)
        weights = flat(parameters)
        _wait([dist.isend(weights, rank) for rank in self._workers])
        self.tensors += 2 * len(self._workers) * weights.nbytes
        return 0.0

    def share_state(self) -> None:
        """Send the weights only: no worker has an optimiser."""
        _share_weights(self.router)


class Worker:
    """Every other rank: it knows only the weights that the server last sent."""

    def __init__(self, router: Router) -> None:
        self.router = router
        self.tensors = 0

    def step(self, batch: Batch | None, rate: float) -> float:
        """Send the gradient of a share of a batch; receive the weights that all gradients led to."""
        del rate
        parameters = list(self.router.parameters())
        loss = loss_of(self.router, batch)
        loss.backward()
        vector = flat(weight.grad for weight in parameters if weight.grad is not None)
        dist.send(vector, _SERVER)
        dist.recv(vector, _SERVER)
        fill(parameters, vector)
        self.router.zero_grad(set_to_none=True)
        self.tensors += 2 * vector.nbytes
        return float(loss.detach())

    def share_state(self) -> None:
        """Receive the server's weights."""
        _share_weights(self.router)


def _share_weights(router: Router) -> None:
    for weight in router.parameters():
        group.from_first(weight.data)


def _wait(works: list[dist.Work]) -> None:
    for work in works:
        work.wait()
