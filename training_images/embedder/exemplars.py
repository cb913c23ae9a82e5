# SPDX-License-Identifier: Apache-2.0
"""How does a vector answer with a label? By a vote of the nearest labelled utterances, its exemplars.

Exemplars are a fixed selection of the training data, chosen by a hash, so that every embedder is measured with the
same ones.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training_images.data.rows import Row
from training_images.data.splits import place
from training_images.evals.labels import REFUSE

EACH: Final = 24
"""Exemplars per label."""
REFUSED: Final = 480
"""Exemplars of what must be refused, the label with the most different wordings. With 1,100 it would refuse 3 more
of 216 harmful prompts, and 3 more of 231 harmless ones (validation side, untuned MiniLM)."""
NEAREST: Final = 5
_SEED: Final = "exemplars-1"


def exemplars(rows: Sequence[Row]) -> list[Row]:
    """The rows that texts are compared with, in order of id."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: place(row.id, _SEED)):
        groups[row.label].append(row)
    chosen_rows = [row for label, group in groups.items() for row in group[: REFUSED if label == REFUSE else EACH]]
    return sorted(chosen_rows, key=lambda row: row.id)


def answers(similar: NDArray[Any], labels: Sequence[str], nearest: int = NEAREST) -> list[str]:
    """For each text, the label whose exemplars among the nearest have the largest sum of similarities.

    Args:
        similar: Similarities of the texts to the exemplars: (texts, exemplars).
        labels: The exemplars' labels.
        nearest: Number of exemplars that vote.
    """
    order = np.argsort(-similar, axis=1, kind="stable")[:, :nearest]
    return [
        _most([(labels[index], float(row[index])) for index in neighbours])
        for row, neighbours in zip(similar, order, strict=True)
    ]


def _most(votes: Sequence[tuple[str, float]]) -> str:
    """The label with the most votes; the nearest wins a tie."""
    sums: dict[str, float] = {}
    for label, weight in votes:
        sums[label] = sums.get(label, 0.0) + weight
    return max(sums, key=lambda label: sums[label])
