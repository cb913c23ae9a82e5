# SPDX-License-Identifier: Apache-2.0
"""The settings for training a student, and their defaults."""

from dataclasses import dataclass, fields
from typing import Final

from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec
from training_images.runtime_distilled.student import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train a student; every field is a setting.

    Args:
        pool: Number of texts that the teacher answers.
        steps: Number of training steps.
        batch: Texts per step.
        rate: Peak learning rate.
        vocabulary: Largest number of word pieces.
        width: Size of a token's vector.
        layers: Number of attention layers.
        heads: Heads per layer.
        longest: Largest number of tokens of a text.
        temperature: Temperature at which the teacher's and the student's probabilities are compared.
        alpha: The teacher's share of the loss; the rest is the true label's.
        harmful: Share of draws that must be refused.
        disturbed: Share of draws that are changed by `noise.py`.
        seed: Seed of order, noise and initial weights.
    """

    pool: int = 1000
    steps: int = 400
    batch: int = 64
    rate: float = 3e-3
    vocabulary: int = 3000
    width: int = 96
    layers: int = 2
    heads: int = 4
    longest: int = 48
    temperature: float = 2.0
    alpha: float = 0.2
    harmful: float = 0.25
    disturbed: float = 0.5
    seed: int = 1

    def shape(self, vocabulary: int, labels: int) -> Shape:
        """The shape of a student with this many word pieces and labels."""
        return Shape(
            vocabulary=vocabulary,
            width=self.width,
            layers=self.layers,
            heads=self.heads,
            longest=self.longest,
            labels=labels,
        )


SETTINGS: Final = frozenset(field.name for field in fields(Recipe))
"""The settings of this image, besides those that every image takes."""


def read_recipe(spec: JobSpec) -> Recipe:
    """The recipe in a job's settings.

    Raises:
        ConfigError: A setting is not a number or is out of range, or the width cannot be divided by the number of
            heads.
    """
    settings, defaults = spec.settings, Recipe()
    recipe = Recipe(
        pool=settings.integer("pool", defaults.pool, least=1),
        steps=settings.integer("steps", defaults.steps, least=1),
        batch=settings.integer("batch", defaults.batch, least=1),
        rate=settings.number("rate", defaults.rate),
        vocabulary=settings.integer("vocabulary", defaults.vocabulary, least=1),
        width=settings.integer("width", defaults.width, least=1),
        layers=settings.integer("layers", defaults.layers, least=1),
        heads=settings.integer("heads", defaults.heads, least=1),
        longest=settings.integer("longest", defaults.longest, least=1),
        temperature=settings.number("temperature", defaults.temperature, least=0.1),
        alpha=settings.share("alpha", defaults.alpha),
        harmful=settings.share("harmful", defaults.harmful),
        disturbed=settings.share("disturbed", defaults.disturbed),
        seed=settings.integer("seed", defaults.seed),
    )
    if recipe.width % recipe.heads:
        raise ConfigError(
            f"--width {recipe.width} cannot be shared among {recipe.heads} heads; choose a multiple of --heads"
        )
    return recipe
