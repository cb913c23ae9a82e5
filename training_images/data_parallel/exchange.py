# SPDX-License-Identifier: Apache-2.0
"""What does one step look like to the training loop, however gradients travel, and in a single process?"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from training_images.data_parallel.model import Router


class Batch(NamedTuple):
    """One worker's share of a batch: bucket numbers, where each text begins, and the numbers of the right labels."""

    numbers: Tensor
    begins: Tensor
    right: Tensor


class Exchange(Protocol):
    """One process's part in every step."""

    tensors: int
    """Bytes of tensors handed over for sending, or received, so far."""

    def step(self, batch: Batch | None, rate: float) -> float:
        """Learn from a share of a batch together with all others; the share's mean loss, or 0 for a server."""
        ...

    def share_state(self) -> None:
        """Give every process rank 0's weights, and its optimiser's state if they need it."""
        ...


class SingleProcess:
    """A single process: the whole batch is its share. The ways to improve weights together build on it."""

    def __init__(self, router: Router, clip: float) -> None:
        self.router = router
        self.optimiser = torch.optim.AdamW(router.parameters(), weight_decay=0.0, fused=True)
        self.tensors = 0
        self._clip = clip

    def step(self, batch: Batch | None, rate: float) -> float:
        """Learn from a batch."""
        loss = loss_of(self.router, batch)
        loss.backward()
        self.apply_gradients(rate)
        return float(loss.detach())

    def share_state(self) -> None:
        """Do nothing, since there is no other process."""

    def apply_gradients(self, rate: float) -> None:
        """Move the weights one step along the network's gradients."""
        for part in self.optimiser.param_groups:
            part["lr"] = rate
        clip_grad_norm_(self.router.parameters(), self._clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)


def loss_of(network: nn.Module, batch: Batch | None) -> Tensor:
    """The mean loss over a share of a batch."""
    if batch is None:
        raise ValueError("a process that learns needs a share of the batch")
    return cross_entropy(network(batch.numbers, batch.begins), batch.right)


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """All tensors as one vector."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def fill(tensors: Iterable[Tensor], vector: Tensor) -> None:
    """Copy a vector back into the tensors that it was made from."""
    begin = 0
    with torch.no_grad():
        for tensor in tensors:
            tensor.copy_(vector[begin : begin + tensor.numel()].view_as(tensor))
            begin += tensor.numel()
