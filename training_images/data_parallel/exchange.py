# SPDX-License-Identifier: Apache-2.0
"""What does one step look like to the loop around it, however gradients travel? And what if there is nobody else?"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from training_images.data_parallel.model import Router


class Batch(NamedTuple):
    """One worker's share of a batch: buckets, where each text begins, the numbers of the right labels."""

    numbers: Tensor
    begins: Tensor
    right: Tensor


class Exchange(Protocol):
    """One process's part in every step."""

    tensors: int
    """Bytes of tensors handed over to be sent, or taken, so far."""

    def step(self, batch: Batch | None, rate: float) -> float:
        """Learn from a share of a batch, with all others; the mean loss of the share, 0 for who only serves."""
        ...

    def share_state(self) -> None:
        """Give everybody rank 0's weights, and its optimiser's state where they need it."""
        ...


class Alone:
    """A single process: the whole batch is its share. Those who improve weights in company are built on it."""

    def __init__(self, router: Router, clip: float) -> None:
        self.router = router
        self.optimiser = torch.optim.AdamW(router.parameters(), weight_decay=0.0, fused=True)
        self.tensors = 0
        self._clip = clip

    def step(self, batch: Batch | None, rate: float) -> float:
        """Learn from a batch."""
        loss = loss_of(self.router, batch)
        loss.backward()
        self.improve(rate)
        return float(loss.detach())

    def share_state(self) -> None:
        """There is nobody to share with."""

    def improve(self, rate: float) -> None:
        """One step along the gradients that lie in the network."""
        for part in self.optimiser.param_groups:
            part["lr"] = rate
        clip_grad_norm_(self.router.parameters(), self._clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)


def loss_of(network: nn.Module, batch: Batch | None) -> Tensor:
    """The mean loss over a share of a batch."""
    if batch is None:
        raise ValueError("who learns needs a share of the batch")
    return cross_entropy(network(batch.numbers, batch.begins), batch.right)


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """One vector of them all."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def fill(tensors: Iterable[Tensor], vector: Tensor) -> None:
    """Copy a vector back into what it was made of."""
    begin = 0
    with torch.no_grad():
        for tensor in tensors:
            tensor.copy_(vector[begin : begin + tensor.numel()].view_as(tensor))
            begin += tensor.numel()
