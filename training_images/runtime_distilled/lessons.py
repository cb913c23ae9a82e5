# SPDX-License-Identifier: Apache-2.0
"""What does a student learn from, how often is each text drawn, and how is it altered when it is?"""

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
from training_images.runtime_distilled.noise import disturbed
from training_images.runtime_distilled.recipe import Recipe
from training_images.runtime_distilled.student import padded

_LABEL: Final = 0.25
"""Rare labels are drawn more often than their share: by this power of their count."""
_TEMPLATE: Final = 0.5
"""The same for templates, because some stand for many sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """Texts with their true labels, and how likely each is drawn.

    Args:
        rows: The texts.
        labels: The number of each text's label.
        likely: The probability of each text; they sum to 1.
        datasets: The data sets that the texts are from.
    """

    rows: Sequence[Row]
    labels: NDArray[np.int64]
    likely: NDArray[np.float64]
    datasets: Sequence[DataSet]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step, short and long texts in separate parts: padded ids (texts, tokens), and their lessons' numbers."""

    parts: Sequence[tuple[Tensor, NDArray[np.int64]]]


def lessons(data: Path, asked: Suite, harmful: float) -> Lessons:
    """Read the training side of the prepared data.

    Args:
        data: Folder of the data; intents, harmful and jailbreaks lie below it.
        asked: The suite, which must not contain any of it.
        harmful: Share of draws that must be refused.

    Raises:
        ConfigError: Data are missing, empty, mis-encoded, shifted, or leak into what is held out.
    """
    rows = [row for some in utterances(data, asked).values() for row in some]
    must_refuse = np.array([row.label == REFUSE for row in rows])
    rare = _rarity(rows)
    likely = np.where(
        must_refuse, harmful * rare / rare[must_refuse].sum(), (1 - harmful) * rare / rare[~must_refuse].sum()
    )
    return Lessons(
        rows=rows,
        labels=np.array([LABELS.index(row.label) for row in rows]),
        likely=likely / likely.sum(),
        datasets=stated(data),
    )


def pool(found: Lessons, number: int, seed: int) -> NDArray[np.int64]:
    """The texts that a teacher is asked about: at most `number`; likelier texts are likelier to be chosen."""
    chance = np.random.default_rng([seed, 1])
    size = min(number, int(np.count_nonzero(found.likely)))
    return np.sort(chance.choice(len(found.rows), size, replace=False, p=found.likely))


def batches(found: Lessons, tokenizer: Any, recipe: Recipe) -> list[Batch]:
    """Every step's texts, some of them disturbed; the same for the same seed."""
    chance = random.Random(recipe.seed)
    drawn = np.random.default_rng([recipe.seed, 2]).choice(
        len(found.rows), (recipe.steps, recipe.batch), p=found.likely
    )
    words = sorted({word for row in found.rows for word in row.text.split()})
    made = []
    for rows in drawn:
        texts = [_seen(found.rows[row].text, words, recipe.disturbed, chance) for row in rows]
        ids = [told.ids for told in tokenizer.encode_batch(texts)]
        made.append(_batch(rows, ids, recipe.longest))
    return made


def _batch(rows: NDArray[np.int64], ids: Sequence[Sequence[int]], longest: int) -> Batch:
    """One step's parts. Long texts go apart, since a few of them would pad all the others to their length."""
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    cut = _cheapest([max(1, len(ids[place])) for place in order])
    halves = [half for half in (order[:cut], order[cut:]) if half]
    return Batch(parts=[(padded([ids[place] for place in half], longest), rows[half]) for half in halves])


def _cheapest(lengths: Sequence[int]) -> int:
    """Where to cut the sorted lengths so that the two rectangles around the parts are smallest together."""
    return min(range(len(lengths)), key=lambda cut: cut * lengths[cut - 1] + (len(lengths) - cut) * lengths[-1])


def _seen(text: str, words: Sequence[str], share: float, chance: random.Random) -> str:
    return disturbed(text, words, chance) if chance.random() < share else text


def _rarity(rows: Sequence[Row]) -> NDArray[np.float64]:
    labels, templates = _counted(rows, "label"), _counted(rows, "cluster")
    return np.array([labels[row.label] ** -_LABEL * templates[row.cluster] ** -_TEMPLATE for row in rows])


def _counted(rows: Sequence[Row], field: str) -> Mapping[str, int]:
    return Counter(getattr(row, field) for row in rows)
