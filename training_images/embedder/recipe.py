# SPDX-License-Identifier: Apache-2.0
"""How is an embedder made? Every clause is a setting of the job, and the usual value is one that works."""

from dataclasses import dataclass, fields
from typing import Final

from training_images.embedder.model import Shape
from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to go about it.

    Args:
        shape: Of the adapter, and how many tokens of a text are read.
        learned_tokens: How many are read while learning: fewer cost less.
        steps: Of learning.
        batch: Pairs of each sort a step.
        rate: Peak learning rate.
        temperature: By which similarities are divided in the loss; the smaller, the more the hardest count.
        utterances: Weight of the utterances' loss beside the documents'.
        rows: Questions that are learned from, 0 for all.
        mismatched: Share of questions that get another's document: how a trial of the gates makes a worse unit.
        seed: Of order and initial weights.
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
"""What a job may be told, beside what every job may be."""


def recipe(spec: JobSpec) -> Recipe:
    """What a job's settings ask for.

    Raises:
        ConfigError: A setting cannot be meant.
    """
    ask = spec.settings
    found = Recipe(
        shape=Shape(
            rank=ask.integer("rank", 4, least=1),
            layers=ask.integer("layers", 6, least=1),
            max_tokens=ask.integer("max_tokens", 96, least=8),
        ),
        learned_tokens=ask.integer("learned_tokens", 64, least=8),
        steps=ask.integer("steps", 60, least=1),
        batch=ask.integer("batch", 24, least=2),
        rate=ask.number("rate", 4e-3),
        temperature=ask.number("temperature", 0.1),
        utterances=ask.number("utterances", 0.2),
        rows=ask.integer("rows", 0),
        mismatched=ask.share("mismatched", 0.0),
        seed=ask.integer("seed", 1),
    )
    if found.temperature == 0.0:
        raise ConfigError("--temperature 0 divides by zero; 0.1 is usual")
    return found
