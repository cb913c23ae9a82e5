# SPDX-License-Identifier: Apache-2.0
"""How do a thousand documents fit into a few hundred kilobytes and stay nearly as easy to find?

Vectors are turned onto their principal axes; the first axes are kept, scaled to length 1 again, and rounded to 8 bits
per axis. A question is turned the same way but not rounded. The loss is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training_images.job.errors import ConfigError

_MOST: Final = 127
"""Largest signed 8-bit number, used symmetrically around zero."""
Array = NDArray[np.float32]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """How vectors are turned and rounded: `turn` is (embedder's dimension, index's dimension), `step` is per axis."""

    turn: Array
    step: Array

    def turned(self, vectors: NDArray[Any]) -> Array:
        """Vectors of length 1 on the kept axes, not rounded."""
        found = vectors @ self.turn
        return np.asarray(found / np.linalg.norm(found, axis=-1, keepdims=True), np.float32)

    def rounded(self, vectors: NDArray[Any]) -> Codes:
        """The turned vectors in 8 bits."""
        return np.asarray(np.clip(np.rint(self.turned(vectors) / self.step), -_MOST, _MOST), np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The content of an index in the embedder's own vectors: documents by id, exemplars by label."""

    documents: Array
    ids: Sequence[str]
    exemplars: Array
    labels: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Documents by id, and exemplars by label, in the vectors of one embedder, turned and rounded."""

    axes: Axes
    documents: Codes
    ids: Sequence[str]
    exemplars: Codes
    labels: Sequence[str]

    @property
    def dimension(self) -> int:
        """The dimension of its vectors."""
        return int(self.axes.turn.shape[1])

    def similar_documents(self, vectors: NDArray[Any]) -> Array:
        """The similarity of each of the embedder's vectors to each document: (vectors, documents)."""
        return self._similar(vectors, self.documents)

    def similar_exemplars(self, vectors: NDArray[Any]) -> Array:
        """The similarity of each of the embedder's vectors to each exemplar: (vectors, exemplars)."""
        return self._similar(vectors, self.exemplars)

    def _similar(self, vectors: NDArray[Any], codes: Codes) -> Array:
        """Similarities. Each axis's step is applied to the question, so the codes are used unchanged."""
        return np.asarray((self.axes.turned(vectors) * self.axes.step) @ codes.T.astype(np.float32))


def fitted(vectors: NDArray[Any], dimension: int) -> Axes:
    """The axes along which these vectors of length 1 differ most from zero, by singular value decomposition.

    Raises:
        ConfigError: There are fewer vectors than axes, or the vectors are shorter than that.
    """
    if not 1 <= dimension <= min(vectors.shape):
        raise ConfigError(
            f"--dimension {dimension} cannot be had from {vectors.shape[0]} vectors of dimension {vectors.shape[1]}"
        )
    _, _, rows = np.linalg.svd(vectors.astype(np.float64), full_matrices=False)
    turn = np.asarray(_one_sign(rows[:dimension]).T, np.float32)
    turned = Axes(turn=turn, step=np.ones(dimension, np.float32)).turned(vectors)
    return Axes(turn=turn, step=np.asarray(np.abs(turned).max(axis=0) / _MOST, np.float32))


def built(entries: Entries, dimension: int) -> Index:
    """Build the index of these vectors of the embedder.

    Raises:
        ConfigError: There are fewer vectors than axes, or the vectors are shorter than that.
    """
    axes = fitted(np.vstack([entries.documents, entries.exemplars]), dimension)
    return Index(
        axes=axes,
        documents=axes.rounded(entries.documents),
        ids=entries.ids,
        exemplars=axes.rounded(entries.exemplars),
        labels=entries.labels,
    )


def _one_sign(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fix each axis's sign, since its opposite is equivalent: the largest component is made positive."""
    largest = np.abs(axes).argmax(axis=1)
    return axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]
