# SPDX-License-Identifier: Apache-2.0
"""A sentence encoder with an adapter: it computes a vector of length 1 for a text, and learns to compute better ones.

The vector is the mean of the last layer's states over a text's tokens, scaled to length 1 (Reimers and Gurevych 2019,
"Sentence-BERT"). The adapter changes the queries and values of the upper layers; the layers below stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import AutoModel
from transformers.utils import logging

from training_images.job.errors import ConfigError
from training_images.learning import adapter, pretrained
from training_images.learning.length_batches import batches_by_length

MODULES: Final = ("query", "value")
BATCH: Final = 32
_POOLER: Final = "pooler."
"""A layer after the last one, which the mean of the states does not need."""
_PROBES: Final = ("turn the light in the kitchen off", "how do I read a file line by line?", "the")
"""Texts for which the merged and the unmerged model must compute the same vectors."""
_ROUNDING: Final = 1e-4
"""Allowed difference per coordinate of a vector of length 1: a hundred times float32's loss, a fifth of float16's."""
Vectors = NDArray[np.float32]

logging.disable_progress_bar()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The shape of an adapter.

    Args:
        rank: Rank of its matrices.
        layers: Number of layers that carry one, counted from the top.
        max_tokens: Tokens of a text that are read, from its beginning.
    """

    rank: int
    layers: int
    max_tokens: int


class Embedder:
    """A base model with an adapter in float32."""

    def __init__(self, base: Path, shape: Shape) -> None:
        """Load the base with an adapter that changes nothing yet.

        Args:
            base: Folder of the base model in safetensors, with its tokenizer.
            shape: Shape of the adapter.

        Raises:
            ConfigError: The folder does not contain such a model, or the model cannot read so many tokens.
        """
        self.base_digest, self.tokenizer_digest = pretrained.digests(base)
        self.shape = shape
        with pretrained.readable(base, "sentence encoder"):
            self.tokenizer: Any = pretrained.tokenizer(base)
            model = pretrained.model(base, AutoModel, unasked=_POOLER, dtype=torch.float32)
            _refuse_longer(shape, model.config)
            self.network: Any = adapter.add_adapter(model, MODULES, rank=shape.rank, layers=shape.layers)
        if self.tokenizer.pad_token_id is None:
            raise ConfigError(
                f"the tokenizer of {base.name} has no padding token, and texts are read in batches: name a "
                "pad_token in its tokenizer_config.json"
            )
        self.dimension = int(model.config.hidden_size)
        self.network.eval()

    @classmethod
    def shipped(cls, base: Path, folder: Path, max_tokens: int) -> "Embedder":
        """Load a base with an adapter that was shipped for it, as it is served.

        Raises:
            ConfigError: A folder cannot be read, or base and adapter do not belong together.
        """
        rank, layers = adapter.rank_and_layers(folder)
        return cls(base, Shape(rank=rank, layers=layers, max_tokens=max_tokens)).load(folder).merged()

    @property
    def device(self) -> torch.device:
        """The device that it computes on."""
        device: torch.device = self.network.device
        return device

    def to(self, device: torch.device) -> "Embedder":
        """Move the model to a device."""
        self.network.to(device)
        return self

    def weights(self) -> dict[str, Tensor]:
        """The trainable weights, by name."""
        return {name: weight for name, weight in self.network.named_parameters() if weight.requires_grad}

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Vectors of length 1 through which gradients flow: (texts, dimension), float32."""
        tokens = self.tokenizer(
            list(texts), truncation=True, max_length=self.shape.max_tokens, padding=True, return_tensors="pt"
        ).to(self.device)
        states = self.network(**tokens).last_hidden_state
        mask = tokens["attention_mask"][:, :, None].to(states.dtype)
        return functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=1)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1: (texts, dimension); texts of similar length are read together."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        with torch.inference_mode():
            for rows in batches_by_length(texts, BATCH):
                vectors[rows] = self.encode([texts[row] for row in rows]).cpu().numpy()
        return vectors

    def length(self, text: str) -> int:
        """The number of tokens of a text that are read."""
        return len(self.tokenizer.encode(text, truncation=True, max_length=self.shape.max_tokens))

    def save(self, folder: Path, base_name: str) -> None:
        """Write only the adapter, in bfloat16; its config gives the base this name."""
        adapter.save(self.network, folder, base_name=base_name, task="FEATURE_EXTRACTION")

    def load(self, folder: Path) -> "Embedder":
        """Read an adapter that `save` wrote.

        Raises:
            ConfigError: There is none, or it belongs to another model or shape.
        """
        adapter.load(self.network, folder)
        return self

    def merged(self) -> "Embedder":
        """Fold the adapter into the base's matrices, as it is served: faster, but no longer trainable.

        Raises:
            ConfigError: The merged and unmerged models answer differently, so the measurement would not be of the
                adapter.
        """
        unmerged = self.vectors(_PROBES)
        self.network = self.network.merge_and_unload()
        self.network.eval()
        difference = float(np.abs(self.vectors(_PROBES) - unmerged).max())
        if not difference <= _ROUNDING:
            raise ConfigError(
                f"merged into its base the adapter gives other vectors, by up to {difference:.1g}: it "
                "cannot be served so; train it again, on a base model in float32"
            )
        return self


def _refuse_longer(shape: Shape, config: Any) -> None:
    most = getattr(config, "max_position_embeddings", None)
    if most is not None and shape.max_tokens > most:
        raise ConfigError(
            f"a text of {shape.max_tokens} tokens is longer than the base model can read ({most}): lower --max_tokens and "
            "--learned_tokens"
        )
