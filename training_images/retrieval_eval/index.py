# SPDX-License-Identifier: Apache-2.0
"""A compressed index: thousands of documents in a few hundred kilobytes, with a small loss of quality.

Vectors are projected onto their first principal axes, scaled to length 1 again, and quantised to 8 bits per axis. A
question is projected in the same way but not quantised. The loss is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training_images.job.errors import ConfigError

_LARGEST_CODE: Final = 127
"""The largest code; the range of codes is symmetric around zero."""
Array = NDArray[np.float32]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Principal axes.

    Args:
        turn: Projects vectors onto the axes: (embedder's dimension, index's dimension).
        step: The quantisation step of each axis.
    """

    turn: Array
    step: Array

    def project(self, vectors: NDArray[Any]) -> Array:
        """The vectors on these axes, scaled to length 1, not quantised."""
        projected = vectors @ self.turn
        return np.asarray(projected / np.linalg.norm(projected, axis=-1, keepdims=True), np.float32)

    def quantise(self, vectors: NDArray[Any]) -> Codes:
        """The projected vectors in 8 bits."""
        return np.asarray(np.clip(np.rint(self.project(vectors) / self.step), -_LARGEST_CODE, _LARGEST_CODE), np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The content of an index before compression: the embedder's vectors of documents and exemplars."""

    documents: Array
    ids: Sequence[str]
    exemplars: Array
    labels: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Documents with their ids, and exemplars with their labels, in compressed vectors of one embedder."""

    axes: Axes
    documents: Codes
    ids: Sequence[str]
    exemplars: Codes
    labels: Sequence[str]

    @property
    def dimension(self) -> int:
        """The dimension of the compressed vectors."""
        return int(self.axes.turn.shape[1])

    def similar_documents(self, vectors: NDArray[Any]) -> Array:
        """The similarity of each vector of the embedder to each document: (vectors, documents)."""
        return self._similar(vectors, self.documents)

    def similar_exemplars(self, vectors: NDArray[Any]) -> Array:
        """The similarity of each vector of the embedder to each exemplar: (vectors, exemplars)."""
        return self._similar(vectors, self.exemplars)

    def _similar(self, vectors: NDArray[Any], codes: Codes) -> Array:
        """Similarities. The vectors are multiplied by the steps, so that the codes need not be."""
        return np.asarray((self.axes.project(vectors) * self.axes.step) @ codes.T.astype(np.float32))


def fit_axes(vectors: NDArray[Any], dimension: int) -> Axes:
    """The principal axes of these vectors of length 1, not centred, by singular value decomposition.

    Raises:
        ConfigError: The dimension is larger than the number of vectors, or than their own dimension.
    """
    if not 1 <= dimension <= min(vectors.shape):
        raise ConfigError(
            f"--dimension {dimension} is not possible with {vectors.shape[0]} vectors of dimension {vectors.shape[1]}"
        )
    _, _, rows = np.linalg.svd(vectors.astype(np.float64), full_matrices=False)
    turn = np.asarray(_with_fixed_signs(rows[:dimension]).T, np.float32)
    projected = Axes(turn=turn, step=np.ones(dimension, np.float32)).project(vectors)
    return Axes(turn=turn, step=np.asarray(np.abs(projected).max(axis=0) / _LARGEST_CODE, np.float32))


def build_index(entries: Entries, dimension: int) -> Index:
    """Build the index of these entries.

    Raises:
        ConfigError: The dimension is larger than the number of vectors, or than their own dimension.
    """
    axes = fit_axes(np.vstack([entries.documents, entries.exemplars]), dimension)
    return Index(
        axes=axes,
        documents=axes.quantise(entries.documents),
        ids=entries.ids,
        exemplars=axes.quantise(entries.exemplars),
        labels=entries.labels,
    )


def _with_fixed_signs(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The axes with the largest component of each positive: an axis and its opposite are equivalent."""
    largest = np.abs(axes).argmax(axis=1)
    return axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]
