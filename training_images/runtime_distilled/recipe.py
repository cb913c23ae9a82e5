# SPDX-License-Identifier: Apache-2.0
"""How is a student made? The settings of a job, and their defaults."""

from dataclasses import dataclass, fields
from typing import Final

from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec
from training_images.runtime_distilled.student import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a student is made; every field is a setting.

    Args:
        pool: Number of texts that the teacher is asked about.
        steps: Number of training steps.
        batch: Texts per step.
        rate: Peak learning rate.
        vocabulary: Most word pieces.
        width: Size of a token's vector.
        layers: Number of attention layers.
        heads: Heads per layer.
        longest: Most tokens of a text.
        temperature: Temperature at which the teacher's and the student's probabilities are compared.
        alpha: The teacher's share of the loss; the rest is the true label's.
        harmful: Share of each batch that must be refused.
        disturbed: Share of each batch that is misspelt or has extra words around it.
        seed: Seeds order, noise and initial weights.
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


def recipe(spec: JobSpec) -> Recipe:
    """The recipe that a job's settings ask for.

    Raises:
        ConfigError: A setting is not a number or is out of range, or the width cannot be divided by the number of
            heads.
    """
    ask, usual = spec.settings, Recipe()
    found = Recipe(
        pool=ask.integer("pool", usual.pool, least=1),
        steps=ask.integer("steps", usual.steps, least=1),
        batch=ask.integer("batch", usual.batch, least=1),
        rate=ask.number("rate", usual.rate),
        vocabulary=ask.integer("vocabulary", usual.vocabulary, least=1),
        width=ask.integer("width", usual.width, least=1),
        layers=ask.integer("layers", usual.layers, least=1),
        heads=ask.integer("heads", usual.heads, least=1),
        longest=ask.integer("longest", usual.longest, least=1),
        temperature=ask.number("temperature", usual.temperature, least=0.1),
        alpha=ask.share("alpha", usual.alpha),
        harmful=ask.share("harmful", usual.harmful),
        disturbed=ask.share("disturbed", usual.disturbed),
        seed=ask.integer("seed", usual.seed),
    )
    if found.width % found.heads:
        raise ConfigError(
            f"--width {found.width} cannot be shared among {found.heads} heads; choose a multiple of --heads"
        )
    return found
