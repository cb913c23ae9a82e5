# SPDX-License-Identifier: Apache-2.0
"""From which similarity does a prompt belong to a type? From the one that 95 % of that type's own prompts reach.

`chat` is what people say to a home, compared with exemplars that may be answered. `code` is a question about a
function, compared with documents. `medical`, the type that is critical for safety, has no data of its own here: prompts
that must be refused stand in for it, compared with exemplars that must be refused. Prompts are of the validation side,
which nothing else has seen.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training_images.evals.labels import REFUSE
from training_images.retrieval_eval.index import Index

PROMPT_TYPES: Final[Mapping[str, str]] = {"chat": "intents", "code": "articles", "medical": "harmful"}
"""Types of the policy's routes, each with the data set whose validation side stands for it."""
ACCEPTED: Final = 0.95


def thresholds(index: Index, vectors: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """The least similarity of each type, as decimal text.

    Args:
        index: The index to search.
        vectors: The embedder's vectors of each type's own prompts.
    """
    return {kind: _decimal(_threshold(_best(index, kind, vectors[kind]))) for kind in PROMPT_TYPES}


def _best(index: Index, kind: str, vectors: NDArray[Any]) -> NDArray[Any]:
    """Each prompt's similarity to the nearest entry of the type."""
    if kind == "code":
        return index.similar_documents(vectors).max(axis=1)
    refused = np.array([label == REFUSE for label in index.labels])
    return index.similar_exemplars(vectors)[:, refused if kind == "medical" else ~refused].max(axis=1)


def _threshold(best: NDArray[Any]) -> float:
    """The largest value that at least 95 % reach."""
    return float(np.sort(best)[::-1][math.ceil(len(best) * ACCEPTED) - 1])


def _decimal(value: float) -> str:
    """Rounded down to four places, so that every prompt that reached the value still does."""
    return f"{np.floor(value * 10_000) / 10_000:.4f}"
