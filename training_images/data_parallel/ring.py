# SPDX-License-Identifier: Apache-2.0
"""How do equal processes learn together? Each keeps all weights; an all-reduce around a ring averages the gradients."""

from typing import Final

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.futures import Future
from torch.nn.parallel import DistributedDataParallel

from training_images.data_parallel import group
from training_images.data_parallel.exchange import Batch, SingleProcess, loss_of
from training_images.data_parallel.model import Router

_REMEMBERED: Final = ("exp_avg", "exp_avg_sq", "step")


class Ring(SingleProcess):
    """DistributedDataParallel with a hook that counts what is reduced."""

    def __init__(self, router: Router, clip: float) -> None:
        super().__init__(router, clip)
        self._replica = DistributedDataParallel(router, gradient_as_bucket_view=True)
        self._replica.register_comm_hook(self, _counting)

    def step(self, batch: Batch | None, rate: float) -> float:
        """Learn from a share of a batch."""
        loss = loss_of(self._replica, batch)
        loss.backward()
        self.apply_gradients(rate)
        return float(loss.detach())

    def share_state(self) -> None:
        """Share the weights and the optimiser's state, since every replica moves by its own optimiser."""
        for weight in self.router.parameters():
            group.from_first(weight.data)
            state = self.optimiser.state[weight]
            for key in _REMEMBERED:
                state.setdefault(key, _nothing_yet(key, weight))
                group.from_first(state[key])


def _nothing_yet(key: str, weight: Tensor) -> Tensor:
    """The state of a fused AdamW before its first step; all of it is on the weight's device, as at rank 0."""
    return torch.zeros((), dtype=torch.float32, device=weight.device) if key == "step" else torch.zeros_like(weight)


def _counting(ring: Ring, bucket: dist.GradBucket) -> Future[Tensor]:
    ring.tensors += bucket.buffer().nbytes
    return allreduce_hook(dist.group.WORLD, bucket)
