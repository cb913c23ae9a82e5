# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training_images.job.errors import ConfigError
from training_images.retrieval_eval.index import Entries, built, fitted


def _vectors(number: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    found = np.random.default_rng(seed).normal(size=(number, dimension))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def _entries(vectors: NDArray[np.float32]) -> Entries:
    half = len(vectors) // 2
    return Entries(
        documents=vectors[:half],
        ids=[f"d{place}" for place in range(half)],
        exemplars=vectors[half:],
        labels=["on"] * (len(vectors) - half),
    )


@given(st.integers(0, 2**32))
def test_with_all_axes_only_the_rounding_is_lost(seed: int) -> None:
    vectors = _vectors(60, 12, seed)
    index = built(_entries(vectors), 12)
    assert np.abs(index.similar_documents(vectors) - vectors @ vectors[:30].T).max() < 0.02


def test_a_document_is_found_by_its_own_vector_after_turning_and_rounding() -> None:
    vectors = _vectors(200, 32)
    index = built(_entries(vectors), 24)
    assert index.similar_documents(vectors[:100]).argmax(axis=1).tolist() == list(range(100))
    assert index.similar_exemplars(vectors[100:]).argmax(axis=1).tolist() == list(range(100))


def test_vectors_on_few_axes_lose_nothing_when_those_are_kept() -> None:
    plane = _vectors(50, 3) @ np.linalg.qr(np.random.default_rng(1).normal(size=(20, 3)))[0].T
    axes = fitted(np.asarray(plane, np.float32), 3)
    assert np.allclose(axes.turned(plane) @ axes.turned(plane).T, plane @ plane.T, atol=1e-5)


def test_codes_use_eight_bits_to_the_full() -> None:
    index = built(_entries(_vectors(80, 16)), 8)
    codes = np.vstack([index.documents, index.exemplars])
    assert codes.dtype == np.int8
    assert np.abs(codes.astype(int)).max(axis=0).tolist() == [127] * 8


def test_a_vector_beyond_what_was_seen_is_cut_off_and_does_not_wrap_round() -> None:
    axes = fitted(_vectors(40, 8), 8)
    strange = axes.turn.T
    assert (axes.rounded(strange).diagonal() == 127).all()


def test_the_same_vectors_give_the_same_axes_whatever_sign_the_solver_takes() -> None:
    axes = fitted(_vectors(40, 8), 5)
    largest = np.abs(axes.turn).argmax(axis=0)
    assert (axes.turn[largest, np.arange(5)] > 0).all()


@pytest.mark.parametrize("dimension", [0, 9, 41])
def test_more_axes_than_there_are_cannot_be_had(dimension: int) -> None:
    with pytest.raises(ConfigError, match=f"--dimension {dimension} cannot be had from 40 vectors of dimension 8"):
        fitted(_vectors(40, 8), dimension)
