# SPDX-License-Identifier: Apache-2.0
"""A student's training texts: how often each is drawn, and in which batches."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from training_images.data.rows import Row
from training_images.evals.labels import LABELS, REFUSE
from training_images.evals.suite import Suite
from training_images.evals.training_sets import stated, utterances
from training_images.job.result import DataSet
from training_images.runtime_distilled.noise import perturb
from training_images.runtime_distilled.recipe import Recipe
from training_images.runtime_distilled.student import padded

_LABEL_POWER: Final = 0.25
"""A text's weight is divided by this power of its label's count, so that rare labels are drawn more often."""
_TEMPLATE_POWER: Final = 0.5
"""The same power for templates, because some have many sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """Training texts with their true labels and the probabilities of drawing them.

    Args:
        rows: The texts.
        labels: The index of each text's label.
        likely: The probability of each text, with sum 1.
        datasets: The data sets that the texts are from.
    """

    rows: Sequence[Row]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    datasets: Sequence[DataSet]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step, short and long texts in separate parts: padded token ids (texts, tokens), and their lessons' indices."""

    parts: Sequence[tuple[Tensor, NDArray[np.int64]]]


def read_lessons(data: Path, suite: Suite, harmful: float) -> Lessons:
    """Read the training split of the prepared data.

    Args:
        data: The folder of the data sets intents, harmful and jailbreaks.
        suite: The suite; it must not contain any of the data.
        harmful: The share of draws that must be refused.

    Raises:
        ConfigError: Data are missing, empty or not UTF-8, overlap the suite, or mix the intents differently.
    """
    rows = [row for part in utterances(data, suite).values() for row in part]
    must_refuse = np.array([row.label == REFUSE for row in rows])
    rarity = _rarity(rows)
    probabilities = np.where(
        must_refuse, harmful * rarity / rarity[must_refuse].sum(), (1 - harmful) * rarity / rarity[~must_refuse].sum()
    )
    return Lessons(
        rows=rows,
        labels=np.array([LABELS.index(row.label) for row in rows]),
        probabilities=probabilities / probabilities.sum(),
        datasets=stated(data),
    )


def pool(lessons: Lessons, number: int, seed: int) -> NDArray[np.int64]:
    """The indices of at most `number` texts for the teachers, drawn without replacement by their probabilities."""
    generator = np.random.default_rng([seed, 1])
    size = min(number, int(np.count_nonzero(lessons.probabilities)))
    return np.sort(generator.choice(len(lessons.rows), size, replace=False, p=lessons.probabilities))


def batches(lessons: Lessons, tokenizer: Any, recipe: Recipe) -> list[Batch]:
    """The batches of all steps, with some texts disturbed; the same for the same seed."""
    rng = random.Random(recipe.seed)
    draws = np.random.default_rng([recipe.seed, 2]).choice(
        len(lessons.rows), (recipe.steps, recipe.batch), p=lessons.probabilities
    )
    words = sorted({word for row in lessons.rows for word in row.text.split()})
    steps = []
    for rows in draws:
        texts = [_maybe_disturb(lessons.rows[row].text, words, recipe.disturbed, rng) for row in rows]
        ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        steps.append(_batch(rows, ids, recipe.longest))
    return steps


def _batch(rows: NDArray[np.int64], ids: Sequence[Sequence[int]], longest: int) -> Batch:
    """One step's parts. Long texts are separate, since a few of them would pad all others to their length."""
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    cut = _cheapest([max(1, len(ids[index])) for index in order])
    halves = [half for half in (order[:cut], order[cut:]) if half]
    return Batch(parts=[(padded([ids[index] for index in half], longest), rows[half]) for half in halves])


def _cheapest(lengths: Sequence[int]) -> int:
    """The position to cut the sorted lengths so that the two parts have the least padding."""
    return min(range(len(lengths)), key=lambda cut: cut * lengths[cut - 1] + (len(lengths) - cut) * lengths[-1])


def _maybe_disturb(text: str, words: Sequence[str], share: float, rng: random.Random) -> str:
    return perturb(text, words, rng) if rng.random() < share else text


def _rarity(rows: Sequence[Row]) -> NDArray[np.float64]:
    labels, templates = _counted(rows, "label"), _counted(rows, "cluster")
    return np.array([labels[row.label] ** -_LABEL_POWER * templates[row.cluster] ** -_TEMPLATE_POWER for row in rows])


def _counted(rows: Sequence[Row], field: str) -> Mapping[str, int]:
    return Counter(getattr(row, field) for row in rows)
