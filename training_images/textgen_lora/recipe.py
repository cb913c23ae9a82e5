# SPDX-License-Identifier: Apache-2.0
"""How is an adapter made? Every field is a setting of the job, and the default is a value that works."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from training_images.evals.labels import ALLOW, REFUSE, WORDS
from training_images.job.spec import JobSpec
from training_images.learning.named_base import Known

TEXTGEN: Final = "textgen-lora"
POLICY: Final = "policy-adapter"
KINDS: Final = (TEXTGEN, POLICY)
BASE: Final = Known(
    name="HuggingFaceTB/SmolLM2-135M-Instruct",
    digest="sha256:7ef915c9bf9d94d8d70211970476878352a5b95855c589ae987916d7a455242b",
)
"""The weights as `python -m training_images.textgen_lora.dequantise` makes them."""
VERDICTS: Final[Mapping[str, str]] = {ALLOW: ALLOW, REFUSE: WORDS[REFUSE]}
"""The answers of a policy adapter, and the word for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one adapter is trained.

    Args:
        rank: Rank of the adapter's matrices.
        layers: Number of the model's layers that carry one, from the top.
        steps: Number of training steps.
        batch: Examples per step.
        rate: Peak learning rate.
        harmful: Share of each batch that must be refused.
        mislabelled: Share of examples that get a random label: a trial of the gates makes a worse unit with it.
        seed: Seeds order and initial weights.
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


def recipe(spec: JobSpec) -> Recipe:
    """The recipe that a job's settings ask for."""
    ask, usual = spec.settings, Recipe()
    return Recipe(
        rank=ask.integer("rank", usual.rank, least=1),
        layers=ask.integer("layers", usual.layers, least=1),
        steps=ask.integer("steps", usual.steps, least=1),
        batch=ask.integer("batch", usual.batch, least=2),
        rate=ask.number("rate", usual.rate),
        harmful=ask.share("harmful", usual.harmful),
        mislabelled=ask.share("mislabelled", usual.mislabelled),
        seed=ask.integer("seed", usual.seed),
    )


def words(kind: str) -> Mapping[str, str]:
    """The labels that a kind answers with, and their words."""
    return WORDS if kind == TEXTGEN else VERDICTS
