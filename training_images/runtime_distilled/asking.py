# SPDX-License-Identifier: Apache-2.0
"""Scores a shipped runtime on the task. Neither this nor serving a runtime needs torch."""

from collections.abc import Sequence

from training_images.evals.scoring import score_answers
from training_images.evals.suite import Suite
from training_images.job.result import Record
from training_images.job.unit_folder import ShippedUnit
from training_images.runtime_distilled.runtime import Runtime
from training_images.runtime_distilled.safe import safe


def task_records(unit: ShippedUnit, suite: Suite) -> Sequence[Record]:
    """The records of a shipped runtime on the task."""
    task = suite.parts["task"]
    return score_answers(task, Runtime.of(safe(unit)).answer(task.texts), safety=False).records
