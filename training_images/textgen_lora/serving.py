# SPDX-License-Identifier: Apache-2.0
"""Loads a shipped adapter: on the base model that it was trained for, with the shape in its own config."""

from pathlib import Path

from training_images.job.unit_folder import ShippedUnit
from training_images.learning.adapter import FILES, rank_and_layers
from training_images.learning.named_base import refuse_another_base
from training_images.textgen_lora.model import LabelModel
from training_images.textgen_lora.recipe import words


def serving_model(unit: ShippedUnit, base: Path) -> LabelModel:
    """Load the model of a shipped unit.

    Raises:
        ConfigError: The unit is an adapter for another base model, or cannot be read.
    """
    folder = unit.folder_with(FILES)
    rank, layers = rank_and_layers(folder)
    model = LabelModel(base, words(unit.unit.kind), rank=rank, layers=layers)
    refuse_another_base(unit, model.base_digest)
    return model.load(folder)
