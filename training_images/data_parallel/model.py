# SPDX-License-Identifier: Apache-2.0
"""A small classifier that says which label a text has: hashed n-grams, their mean vector, one hidden layer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training_images.data_parallel.features import encoded, joined
from training_images.job.errors import ConfigError

BUCKETS: Final = 8192
WIDTH: Final = 48
HIDDEN: Final = 128
_ASKED_AT_ONCE: Final = 256


class Router(nn.Module):
    """Logits of every label, computed from the buckets of several texts."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.grams = nn.EmbeddingBag(BUCKETS, WIDTH, mode="mean")
        self.hidden = nn.Linear(WIDTH, HIDDEN)
        self.out = nn.Linear(HIDDEN, labels)
        nn.init.normal_(self.grams.weight, std=0.5)

    def forward(self, numbers: Tensor, begins: Tensor) -> Tensor:
        """The logits, shape (texts, labels)."""
        logits: Tensor = self.out(nn.functional.gelu(self.hidden(self.grams(numbers, begins))))
        return logits

    def answers(self, texts: Sequence[str]) -> Tensor:
        """The number of the likeliest label for each text."""
        rows = encoded(texts, BUCKETS)
        batches = []
        with torch.inference_mode():
            for start in range(0, len(rows), _ASKED_AT_ONCE):
                numbers, begins = joined(rows[start : start + _ASKED_AT_ONCE])
                batches.append(self(torch.from_numpy(numbers), torch.from_numpy(begins)).argmax(dim=1))
        return torch.cat(batches)


def save(router: Router, path: Path) -> None:
    """Write the weights in bfloat16, half the size; the written weights are also the ones that are measured."""
    save_file(
        {name: weight.detach().cpu().bfloat16().contiguous() for name, weight in router.state_dict().items()}, path
    )


def load(router: Router, path: Path) -> Router:
    """Load the weights of a file into a router of the same shape.

    Raises:
        ConfigError: The weights do not belong to a router, or to one of this size.
    """
    try:
        router.load_state_dict({name: weight.float() for name, weight in load_file(path).items()})
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ConfigError(f"{path.name} does not contain the weights of such a router: {error}") from error
    return router.eval()
