# SPDX-License-Identifier: Apache-2.0
"""What does Google Vertex AI ship here: an embedder, and an index with thresholds measured in its vectors.

The embedder is a linear projection of 64 cells to 8 dimensions, scaled to length 1; similarity is the cosine. Version 1
is a principal component analysis, version 2 a linear discriminant analysis, which knows the labels.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from training.stand_ins.suite import FOLDS, SEED, Labels, Numbers, Pixels, canonical, learnable, scaled
from training.stand_ins.weights import listed, matrix, rounded

DIMENSION: Final = 8
NEAREST: Final = 10
"""Neighbours that a query asks for; as many are relevant at least."""
PROTOTYPES: Final = 10
"""Entries of the index for each digit."""
PROMPTS: Final[Mapping[str, frozenset[int]]] = {"chat": frozenset({1, 2, 3, 4}), "code": frozenset({5, 7, 8, 9})}
"""Which digits play which type of prompt; the two forbidden ones play `medical`, which needs no threshold."""
ACCEPTED: Final = 0.95
"""Share of a prompt type's own items that its threshold lets through."""
_DISCOUNT: Final = 1 / np.log2(np.arange(2, NEAREST + 2))


class Embedder:
    """Five projections, one a fold, and the learnable items as neighbours."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        members = document["members"]
        self._means = [matrix(member["mean"]) for member in members]
        self._axes = [matrix(member["axes"]) for member in members]
        digits = canonical()
        rows = [learnable(fold) for fold in range(FOLDS)]
        self._labels = [digits.labels[chosen] for chosen in rows]
        self._gallery = [self.vectors(digits.pixels[chosen], fold) for fold, chosen in enumerate(rows)]

    def vectors(self, pixels: Pixels, fold: int) -> Numbers:
        """Vectors of length 1, one for each row of cells."""
        found = (scaled(pixels) - self._means[fold]) @ self._axes[fold]
        unit: Numbers = found / np.linalg.norm(found, axis=-1, keepdims=True)
        return unit

    def neighbours(self, pixels: Pixels, fold: int) -> Labels:
        """The digits of the ten nearest items, nearest first."""
        return _nearest(self._gallery[fold] @ self.vectors(pixels, fold), self._labels[fold])

    def answer(self, pixels: Pixels, fold: int) -> int:
        """The nearest item's digit."""
        return int(self.neighbours(pixels, fold)[0])


class Index:
    """Ten prototypes for each digit in an embedder's vectors, one set a fold."""

    def __init__(self, embedder: Embedder, document: Mapping[str, Any]) -> None:
        self._embedder = embedder
        self._prototypes = [matrix(member) for member in document["members"]]
        self._labels = np.repeat(np.arange(10), PROTOTYPES)

    def similarities(self, pixels: Pixels, fold: int) -> Numbers:
        """The cosine to every prototype, digit by digit."""
        found: Numbers = self._prototypes[fold] @ self._embedder.vectors(pixels, fold)
        return found

    def neighbours(self, pixels: Pixels, fold: int) -> Labels:
        """The digits of the ten nearest prototypes, nearest first."""
        return _nearest(self.similarities(pixels, fold), self._labels)

    def answer(self, pixels: Pixels, fold: int) -> int:
        """The nearest prototype's digit."""
        return int(self.neighbours(pixels, fold)[0])

    def thresholds(self) -> dict[str, str]:
        """For each type of prompt the similarity that 95 % of its items reach, as decimal text."""
        return {prompt: f"{self._threshold(members):.4f}" for prompt, members in PROMPTS.items()}

    def _threshold(self, members: frozenset[int]) -> float:
        digits = canonical()
        own = np.isin(self._labels, sorted(members))
        asked = [row for row, label in enumerate(digits.labels.tolist()) if label in members]
        best = [self.similarities(digits.pixels[row], int(digits.folds[row]))[own].max() for row in asked]
        return float(np.quantile(best, 1 - ACCEPTED))


def ranking(neighbours: Labels, label: int) -> dict[str, float]:
    """The nDCG at 10 with ten relevant items (Järvelin and Kekäläinen 2002), and whether the first is relevant."""
    relevant = neighbours == label
    return {
        "ndcg": rounded(float(relevant @ _DISCOUNT / _DISCOUNT.sum())),
        "recall_at_1": int(relevant[0]),
    }


def fit_embedder(*, supervised: bool) -> dict[str, Any]:
    """The projections, by discriminant analysis if `supervised`, else by principal components."""
    return {"dimension": DIMENSION, "members": [_projection(fold, supervised=supervised) for fold in range(FOLDS)]}


def fit_index(embedder: Embedder) -> dict[str, Any]:
    """The prototypes: k-means in the embedder's vectors, digit by digit."""
    members = [listed(np.vstack([_prototypes(embedder, fold, label) for label in range(10)])) for fold in range(FOLDS)]
    return {"dimension": DIMENSION, "prototypes": PROTOTYPES, "members": members}


def _projection(fold: int, *, supervised: bool) -> dict[str, Any]:
    digits, rows = canonical(), learnable(fold)
    cells, labels = scaled(digits.pixels[rows]), digits.labels[rows]
    if supervised:
        model = LinearDiscriminantAnalysis(n_components=DIMENSION, solver="eigen", shrinkage=0.1).fit(cells, labels)
        return {"mean": listed(cells.mean(axis=0)), "axes": listed(model.scalings_[:, :DIMENSION])}
    components = PCA(DIMENSION, svd_solver="full").fit(cells)
    return {"mean": listed(components.mean_), "axes": listed(components.components_.T)}


def _prototypes(embedder: Embedder, fold: int, label: int) -> Numbers:
    digits, rows = canonical(), learnable(fold)
    vectors = embedder.vectors(digits.pixels[rows[digits.labels[rows] == label]], fold)
    centres = KMeans(PROTOTYPES, n_init=1, random_state=SEED % 1000).fit(vectors).cluster_centers_
    unit: Numbers = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    return unit


def _nearest(similarities: Numbers, labels: Labels) -> Labels:
    order: Sequence[int] | Labels = np.argsort(-similarities, kind="stable")[:NEAREST]
    return labels[order]
