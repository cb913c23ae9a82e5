# SPDX-License-Identifier: Apache-2.0
"""The settings for training an adapter, and their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from training_images.evals.labels import ALLOW, REFUSE, WORDS
from training_images.job.spec import JobSpec
from training_images.learning.named_base import ExpectedBase

TEXTGEN: Final = "textgen-lora"
POLICY: Final = "policy-adapter"
KINDS: Final = (TEXTGEN, POLICY)
BASE: Final = ExpectedBase(
    name="HuggingFaceTB/SmolLM2-135M-Instruct",
    digest="sha256:7ef915c9bf9d94d8d70211970476878352a5b95855c589ae987916d7a455242b",
)
"""The weights that `python -m training_images.textgen_lora.dequantise` writes."""
VERDICTS: Final[Mapping[str, str]] = {ALLOW: ALLOW, REFUSE: WORDS[REFUSE]}
"""The labels of a policy adapter, and the word of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train an adapter; every field is a setting.

    Args:
        rank: Rank of the adapter's matrices.
        layers: Number of the model's layers with an adapter, counted from the last.
        steps: Number of training steps.
        batch: Examples per step.
        rate: Peak learning rate.
        harmful: Share of each batch that must be refused.
        mislabelled: Share of examples with a random label; trials of the gates use it to make a worse unit.
        seed: Seed of order and initial weights.
    """

    rank: int = 4
    layers: int = 10
    steps: int = 160
    batch: int = 16
    rate: float = 2e-3
    harmful: float = 0.2
    mislabelled: float = 0.0
    seed: int = 1


SETTINGS: Final = frozenset(field.name for field in fields(Recipe)) | {"base_digest", "base_name"}
"""The settings of this image, besides those that every image takes."""


def read_recipe(spec: JobSpec) -> Recipe:
    """The recipe in a job's settings."""
    settings, defaults = spec.settings, Recipe()
    return Recipe(
        rank=settings.integer("rank", defaults.rank, least=1),
        layers=settings.integer("layers", defaults.layers, least=1),
        steps=settings.integer("steps", defaults.steps, least=1),
        batch=settings.integer("batch", defaults.batch, least=2),
        rate=settings.number("rate", defaults.rate),
        harmful=settings.share("harmful", defaults.harmful),
        mislabelled=settings.share("mislabelled", defaults.mislabelled),
        seed=settings.integer("seed", defaults.seed),
    )


def words(kind: str) -> Mapping[str, str]:
    """The labels of a kind, and the word of each."""
    return WORDS if kind == TEXTGEN else VERDICTS
