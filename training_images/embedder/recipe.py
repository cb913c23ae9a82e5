# SPDX-License-Identifier: Apache-2.0
"""How is an embedder trained? Every field is a setting of the job, and the default is a value that works."""

from dataclasses import dataclass, fields
from typing import Final

from training_images.embedder.model import Shape
from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one embedder is trained.

    Args:
        shape: Shape of the adapter, and how many tokens of a text are read.
        learned_tokens: Tokens that are read during training: fewer cost less.
        steps: Number of training steps.
        batch: Pairs of each sort per step.
        rate: Peak learning rate.
        temperature: Divides the similarities in the loss; the smaller it is, the more the hardest pairs count.
        utterances: Weight of the utterances' loss relative to the documents'.
        rows: Questions to learn from; 0 means all.
        mismatched: Share of questions that get another question's document: a trial of the gates makes a worse unit
            with it.
        seed: Seeds the order of examples and the initial weights.
    """

    shape: Shape
    learned_tokens: int
    steps: int
    batch: int
    rate: float
    temperature: float
    utterances: float
    rows: int
    mismatched: float
    seed: int


SETTINGS: Final = frozenset(field.name for of in (Recipe, Shape) for field in fields(of)) - {"shape"} | {
    "base_digest",
    "base_name",
}
"""The settings of this image, besides those that every image takes."""


def recipe(spec: JobSpec) -> Recipe:
    """The recipe that a job's settings ask for.

    Raises:
        ConfigError: A setting is out of its range.
    """
    settings = spec.settings
    chosen_recipe = Recipe(
        shape=Shape(
            rank=settings.integer("rank", 4, least=1),
            layers=settings.integer("layers", 6, least=1),
            max_tokens=settings.integer("max_tokens", 96, least=8),
        ),
        learned_tokens=settings.integer("learned_tokens", 64, least=8),
        steps=settings.integer("steps", 60, least=1),
        batch=settings.integer("batch", 24, least=2),
        rate=settings.number("rate", 4e-3),
        temperature=settings.number("temperature", 0.1),
        utterances=settings.number("utterances", 0.2),
        rows=settings.integer("rows", 0),
        mismatched=settings.share("mismatched", 0.0),
        seed=settings.integer("seed", 1),
    )
    if chosen_recipe.temperature == 0.0:
        raise ConfigError("--temperature 0 divides by zero; 0.1 is usual")
    return chosen_recipe
