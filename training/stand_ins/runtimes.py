# SPDX-License-Identifier: Apache-2.0
"""What does AWS SageMaker ship here: a small student of a large teacher, and the same student behind a request.

The teacher is a support vector machine, right on 97 % of the items it did not see. The student is a logistic regression
fitted to the teacher's answers, never to the true digits. Version 2 also asks the teacher about disturbed items.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from training.stand_ins.suite import DARKEST, FOLDS, NOISE, SEED, Numbers, Pixels, canonical, learnable, scaled
from training.stand_ins.weights import listed, matrix

_ITERATIONS: Final = 500


class Runtime:
    """Five students, one a fold."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        members = document["members"]
        self._students = [(matrix(member["weights"]), matrix(member["bias"])) for member in members]

    def answer(self, pixels: Pixels, fold: int) -> int:
        """The digit that the student for `fold` sees in 64 cells."""
        weights, bias = self._students[fold]
        return int(np.argmax(scaled(pixels) @ weights + bias))


class Served:
    """A runtime as a caller meets it: a JSON request goes in, a JSON answer comes out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def answer(self, pixels: Pixels, fold: int) -> int:
        """The digit in the answer to one request."""
        answered: int = msgspec.json.decode(
            self._respond(msgspec.json.encode({"pixels": pixels.tolist(), "fold": fold}))
        )
        return answered

    def _respond(self, body: bytes) -> bytes:
        request = msgspec.json.decode(body)
        return msgspec.json.encode(self._runtime.answer(np.array(request["pixels"]), request["fold"]))


def fit_runtime(*, share: float, disturbed_copies: int) -> dict[str, Any]:
    """The students.

    Args:
        share: Part of the learnable items that the teacher is asked about, in 0..1.
        disturbed_copies: How many noisy copies of each item it is asked about besides.
    """
    return {"members": [_student(fold, share, disturbed_copies) for fold in range(FOLDS)]}


def _student(fold: int, share: float, disturbed_copies: int) -> dict[str, Any]:
    digits, rows = canonical(), learnable(fold)
    teacher = SVC(C=10).fit(scaled(digits.pixels[rows]), digits.labels[rows])
    cells = _questions(scaled(digits.pixels[learnable(fold, share)]), disturbed_copies, fold)
    student = LogisticRegression(C=1.0, max_iter=_ITERATIONS).fit(cells, teacher.predict(cells))
    return {"weights": listed(student.coef_.T), "bias": listed(student.intercept_)}


def _questions(cells: Numbers, copies: int, fold: int) -> Numbers:
    generator = np.random.default_rng([SEED, fold, 2])
    disturbed = [np.clip(cells + generator.normal(0, NOISE / DARKEST, cells.shape), 0, 1) for _ in range(copies)]
    return np.vstack([cells, *disturbed])
