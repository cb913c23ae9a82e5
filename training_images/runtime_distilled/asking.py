# SPDX-License-Identifier: Apache-2.0
"""What does a shipped runtime answer to the task? Neither this nor serving it needs torch."""

from collections.abc import Sequence

from training_images.evals.scoring import scored
from training_images.evals.suite import Suite
from training_images.job.result import Record
from training_images.job.unit_folder import Shipped
from training_images.runtime_distilled.runtime import Runtime
from training_images.runtime_distilled.safe import safe


def answered(unit: Shipped, asked: Suite) -> Sequence[Record]:
    """Another runtime's answers to the task."""
    task = asked.parts["task"]
    return scored(task, Runtime.of(safe(unit)).answer(task.texts), safety=False).records
