# SPDX-License-Identifier: Apache-2.0
"""A compressed index finds nearly the same documents as the embedder's own vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training_images.job.errors import ConfigError
from training_images.retrieval_eval.index import Entries, build_index, fit_axes


def _vectors(number: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(number, dimension))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _entries(vectors: NDArray[np.float32]) -> Entries:
    half = len(vectors) // 2
    return Entries(
        documents=vectors[:half],
        ids=[f"d{number}" for number in range(half)],
        exemplars=vectors[half:],
        labels=["on"] * (len(vectors) - half),
    )


@given(st.integers(0, 2**32))
def test_with_all_axes_only_quantisation_changes_similarities(seed: int) -> None:
    vectors = _vectors(60, 12, seed)
    index = build_index(_entries(vectors), 12)
    assert np.abs(index.similar_documents(vectors) - vectors @ vectors[:30].T).max() < 0.02


def test_a_document_is_found_by_its_own_vector_after_compression() -> None:
    vectors = _vectors(200, 32)
    index = build_index(_entries(vectors), 24)
    assert index.similar_documents(vectors[:100]).argmax(axis=1).tolist() == list(range(100))
    assert index.similar_exemplars(vectors[100:]).argmax(axis=1).tolist() == list(range(100))


def test_vectors_in_a_plane_lose_nothing_on_the_axes_of_the_plane() -> None:
    plane = _vectors(50, 3) @ np.linalg.qr(np.random.default_rng(1).normal(size=(20, 3)))[0].T
    axes = fit_axes(np.asarray(plane, np.float32), 3)
    assert np.allclose(axes.project(plane) @ axes.project(plane).T, plane @ plane.T, atol=1e-5)


def test_codes_use_the_whole_range_of_eight_bits() -> None:
    index = build_index(_entries(_vectors(80, 16)), 8)
    codes = np.vstack([index.documents, index.exemplars])
    assert codes.dtype == np.int8
    assert np.abs(codes.astype(int)).max(axis=0).tolist() == [127] * 8


def test_a_larger_vector_than_any_in_the_index_is_clipped_and_does_not_overflow() -> None:
    axes = fit_axes(_vectors(40, 8), 8)
    outside = axes.turn.T
    assert (axes.quantise(outside).diagonal() == 127).all()


def test_the_signs_of_the_axes_do_not_depend_on_the_solver() -> None:
    axes = fit_axes(_vectors(40, 8), 5)
    largest = np.abs(axes.turn).argmax(axis=0)
    assert (axes.turn[largest, np.arange(5)] > 0).all()


@pytest.mark.parametrize("dimension", [0, 9, 41])
def test_more_axes_than_the_vectors_have_are_refused(dimension: int) -> None:
    with pytest.raises(ConfigError, match=f"--dimension {dimension} is not possible with 40 vectors of dimension 8"):
        fit_axes(_vectors(40, 8), dimension)
