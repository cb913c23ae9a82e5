# SPDX-License-Identifier: Apache-2.0
"""Sets the similarity from which a prompt belongs to a type: 95 % of that type's own prompts reach it.

`chat` prompts are utterances to a home, compared with exemplars that may be answered. `code` prompts are questions about
a function, compared with documents. `medical`, the type that is critical for safety, has no data of its own: prompts
that must be refused are used instead, compared with exemplars that must be refused. The prompts are from the validation
split, which is used for nothing else.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training_images.evals.labels import REFUSE
from training_images.retrieval_eval.index import Index

PROMPT_TYPES: Final[Mapping[str, str]] = {"chat": "intents", "code": "articles", "medical": "harmful"}
"""The prompt types of the policy's routes, each with the data set whose validation split calibrates it."""
_ACCEPTED: Final = 0.95


def thresholds(index: Index, vectors: Mapping[str, NDArray[Any]]) -> dict[str, str]:
    """The minimal similarity of each type, as decimal text.

    Args:
        index: The index to search.
        vectors: By type, the embedder's vectors of its prompts.
    """
    return {
        prompt_type: _decimal(_threshold(_nearest(index, prompt_type, vectors[prompt_type])))
        for prompt_type in PROMPT_TYPES
    }


def _nearest(index: Index, prompt_type: str, vectors: NDArray[Any]) -> NDArray[Any]:
    """The similarity of each prompt to the type's nearest entry."""
    if prompt_type == "code":
        return index.similar_documents(vectors).max(axis=1)
    must_refuse = np.array([label == REFUSE for label in index.labels])
    return index.similar_exemplars(vectors)[:, must_refuse if prompt_type == "medical" else ~must_refuse].max(axis=1)


def _threshold(similarities: NDArray[Any]) -> float:
    """The largest value that at least 95 % of the similarities reach."""
    return float(np.sort(similarities)[::-1][math.ceil(len(similarities) * _ACCEPTED) - 1])


def _decimal(value: float) -> str:
    """The value as text, rounded down to four places, so that no prompt falls below it."""
    return f"{np.floor(value * 10_000) / 10_000:.4f}"
