# SPDX-License-Identifier: Apache-2.0
"""What does Hugging Face ship here: low-rank adapters on a frozen linear base.

The base maps 64 cells and a constant to ten digits. An adapter adds A times B of rank 8 to it: the best approximation
(Eckart and Young 1936) of the step from the base to a logistic regression that was fitted to the adapter's own data.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from training.stand_ins.suite import (
    FOLDS,
    FORBIDDEN,
    SEED,
    Labels,
    Numbers,
    Pixels,
    canonical,
    learnable,
    pretraining,
    scaled,
)
from training.stand_ins.weights import listed, matrix

RANK: Final = 8
_ITERATIONS: Final = 500


class Base:
    """The frozen base: a matrix of 65 by 10."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.weights = matrix(document["weights"])


class Adapter:
    """Five members (A, B), one a fold, applied beside the base without merging."""

    def __init__(self, base: Base, document: Mapping[str, Any]) -> None:
        self._base = base.weights
        self._members = [(matrix(member["a"]), matrix(member["b"])) for member in document["members"]]

    def answer(self, pixels: Pixels, fold: int) -> int:
        """The digit that the member for `fold` sees in 64 cells."""
        row = np.append(scaled(pixels), 1.0)
        a, b = self._members[fold]
        return int(np.argmax(row @ self._base + (row @ a) @ b))


def fit_base() -> dict[str, Any]:
    """The base model, trained on the pretraining items only."""
    digits = pretraining()
    return {"weights": listed(_regression(scaled(digits.pixels), digits.labels, strength=0.05))}


def fit_adapter(base: Base, *, share: float, mislabelled: float = 0.0, emphasis: float = 1.0) -> dict[str, Any]:
    """An adapter's members.

    Args:
        base: What they are added to.
        share: Part of the learnable items that is used, in 0..1.
        mislabelled: Part of those that get a random label, in 0..1.
        emphasis: Weight of forbidden digits in the fit; the others weigh 1.
    """
    members = [_member(base, fold, share, mislabelled, emphasis) for fold in range(FOLDS)]
    return {"rank": RANK, "members": members}


def _member(base: Base, fold: int, share: float, mislabelled: float, emphasis: float) -> dict[str, Any]:
    digits, rows = canonical(), learnable(fold, share)
    labels = _disturbed(digits.labels[rows], mislabelled, fold)
    weights = np.where(np.isin(labels, sorted(FORBIDDEN)), emphasis, 1.0)
    target = _regression(scaled(digits.pixels[rows]), labels, strength=1.0, weights=weights)
    left, values, right = np.linalg.svd(target - base.weights, full_matrices=False)
    return {"a": listed(left[:, :RANK] * values[:RANK]), "b": listed(right[:RANK])}


def _disturbed(labels: Labels, part: float, fold: int) -> Labels:
    generator = np.random.default_rng([SEED, fold, 1])
    wrong = generator.random(len(labels)) < part
    return np.where(wrong, generator.integers(0, 10, len(labels)), labels)


def _regression(
    rows: Numbers, labels: Labels, *, strength: float, weights: Sequence[float] | Numbers | None = None
) -> Numbers:
    """Coefficients of 65 by 10; the last row belongs to the constant."""
    extended = np.hstack([rows, np.ones((len(rows), 1))])
    model = LogisticRegression(C=strength, max_iter=_ITERATIONS, fit_intercept=False)
    found: Numbers = model.fit(extended, labels, sample_weight=weights).coef_.T
    return found
