# SPDX-License-Identifier: Apache-2.0
"""Which documents are nearest to a question, and at which rank is the right one?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training_images.evals.suite import Item

DEPTH: Final = 100
"""Number of documents that a ranking keeps."""
KS: Final = (1, 2, 3, 5, 10, 20, 50, 100)
"""The values of k for the recall chart."""
Ranking = Mapping[str, Sequence[str]]
"""Ids of documents, the nearest first, by the question's id."""


def ranked(questions: Sequence[Item], similar: NDArray[Any], ids: Sequence[str]) -> dict[str, list[str]]:
    """The nearest documents for each question; the one listed first wins a tie.

    Args:
        questions: The questions, in the order of the rows.
        similar: Similarities: (questions, documents).
        ids: The documents' ids, in the order of the columns.
    """
    order = np.argsort(-similar, axis=1, kind="stable")[:, :DEPTH]
    return {item.id: [ids[place] for place in row] for item, row in zip(questions, order, strict=True)}


def recall_curve(questions: Sequence[Item], ranking: Ranking) -> dict[int, float]:
    """The share of questions whose document is among the first k, by k."""
    places = [_place(ranking[item.id], item.label) for item in questions]
    return {k: sum(place < k for place in places) / len(places) for k in KS}


def _place(ranked_ids: Sequence[str], right: str) -> int:
    return ranked_ids.index(right) if right in ranked_ids else DEPTH
