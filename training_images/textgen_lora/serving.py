# SPDX-License-Identifier: Apache-2.0
"""How does an adapter from another job answer? On the base that it was made for, and as its own config says."""

from pathlib import Path

from training_images.job.unit_folder import Shipped
from training_images.learning.adapter import FILES, rank_and_layers
from training_images.learning.named_base import refuse_another_base
from training_images.textgen_lora.model import LabelModel
from training_images.textgen_lora.recipe import words


def serving_model(unit: Shipped, base: Path) -> LabelModel:
    """Load the model of a shipped unit.

    Raises:
        ConfigError: The unit is an adapter of another base, or cannot be read.
    """
    folder = unit.holding(FILES)
    rank, layers = rank_and_layers(folder)
    model = LabelModel(base, words(unit.unit.kind), rank=rank, layers=layers)
    refuse_another_base(unit, model.base_digest)
    return model.load(folder)
