# SPDX-License-Identifier: Apache-2.0
"""Trains a runtime on the answers of a shipped teacher."""

from collections.abc import Sequence

import numpy as np

from training_images.evals import suite
from training_images.evals.remeasured import open_early
from training_images.job.job import Job
from training_images.job.result import UnitResult
from training_images.learning import device
from training_images.runtime_distilled.distil import TeacherAnswers, distil
from training_images.runtime_distilled.lessons import pool, read_lessons
from training_images.runtime_distilled.measured import measure
from training_images.runtime_distilled.recipe import read_recipe
from training_images.runtime_distilled.runtime import KIND, Runtime
from training_images.runtime_distilled.safe import safe
from training_images.runtime_distilled.teacher import Teacher, language_teacher


def train(job: Job) -> Sequence[UnitResult]:
    """Train one runtime, with all the evidence that the gates need.

    Channels: `teacher` (a textgen-lora unit), `base` (the model that it adapts), `data` (the training data), `suite`
    (the eval suite), and `baseline` (the serving runtime), if there is one.
    """
    spec, recipe = job.spec, read_recipe(job.spec)
    device.prepare_device(recipe.seed)  # a wrong seed fails before the teacher answers
    eval_suite = suite.load_suite(spec)
    open_early(spec, KIND, eval_suite.parts["task"].digest, lambda unit, _: Runtime.of(safe(unit)))
    lessons = read_lessons(spec.channel("data"), eval_suite, recipe.harmful)
    teacher = language_teacher(spec.channel("teacher"), spec.channel("base"))
    rows = pool(lessons, recipe.pool, recipe.seed)
    probabilities = teacher.probabilities(job, [lessons.rows[row].text for row in rows])
    agreement = float(np.mean(probabilities.argmax(axis=1) == lessons.labels[rows]))
    job.log(teacher_right=agreement, taught=len(rows), teacher_seconds=job.seconds)
    distil(
        job, lessons, TeacherAnswers(rows=rows, probabilities=probabilities, artifacts=[teacher.unit.artifact]), recipe
    )
    summary = _summary(teacher, len(rows), agreement)
    return [measure(job, eval_suite, recipe, datasets=lessons.datasets, teacher=teacher.unit.name, summary=summary)]


def _summary(teacher: Teacher, rows: int, agreement: float) -> str:
    return (
        f"A small transformer in int8 ONNX that answers an utterance with one of 42 intents, or refuses it. It learned "
        f"from {teacher.unit.name} (`{teacher.unit.artifact}`), which was asked about {rows:,} training texts and was "
        f"right on {agreement:.1%} of them, and from the true labels."
    )
