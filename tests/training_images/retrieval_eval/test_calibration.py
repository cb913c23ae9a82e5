# SPDX-License-Identifier: Apache-2.0
"""At least 95 % of a type's own prompts reach its threshold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from federation.core.manifest import Calibration
from training_images.evals.labels import REFUSE
from training_images.retrieval_eval.calibration import PROMPT_TYPES, thresholds
from training_images.retrieval_eval.index import Entries, Index, build_index

ROUNDED = 1e-4
"""The most by which a threshold is rounded down."""


def _vectors(number: int, seed: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(number, 16))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _index() -> Index:
    entries = Entries(
        documents=_vectors(40, 1),
        ids=[f"d{number}" for number in range(40)],
        exemplars=_vectors(40, 2),
        labels=["on", REFUSE] * 20,
    )
    return build_index(entries, 16)


@given(st.integers(3, 2**32))
def test_at_least_95_percent_of_a_types_own_prompts_reach_its_threshold(seed: int) -> None:
    index, own = _index(), {kind: _vectors(100, seed + offset) for offset, kind in enumerate(PROMPT_TYPES)}
    calibrated = thresholds(index, own)
    refused = np.array([label == REFUSE for label in index.labels])
    best = {
        "chat": index.similar_exemplars(own["chat"])[:, ~refused],
        "code": index.similar_documents(own["code"]),
        "medical": index.similar_exemplars(own["medical"])[:, refused],
    }
    for kind, similar in best.items():
        nearest, threshold = similar.max(axis=1).astype(np.float64), float(calibrated[kind])
        assert (nearest >= threshold).mean() >= 0.95
        assert (nearest >= threshold + ROUNDED).mean() < 0.95, "a higher threshold would also do"


def test_prompts_like_the_entries_need_a_high_threshold() -> None:
    index = _index()
    exemplars = _vectors(40, 2)
    own = {"chat": exemplars[::2], "code": _vectors(40, 1), "medical": exemplars[1::2]}
    assert all(float(value) > 0.98 for value in thresholds(index, own).values())


def test_thresholds_are_decimal_text_as_the_manifest_requires() -> None:
    calibrated = thresholds(_index(), {kind: _vectors(30, 9) for kind in PROMPT_TYPES})
    assert Calibration(embedder="sha256:", thresholds=calibrated).thresholds.keys() == {"chat", "code", "medical"}
    assert all(len(value.rpartition(".")[2]) == 4 for value in calibrated.values())
