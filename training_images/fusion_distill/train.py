# SPDX-License-Identifier: Apache-2.0
"""Trains one student on the combined answers of several teachers, and compares it with them."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from training_images.evals import suite
from training_images.evals.labels import LABELS
from training_images.evals.remeasured import open_early
from training_images.evals.suite import Part
from training_images.fusion_distill.members import VOTINGS, Voting, ensemble_of, members
from training_images.job.job import Job
from training_images.job.result import UnitResult
from training_images.job.spec import JobSpec
from training_images.learning import device
from training_images.runtime_distilled.distil import TeacherAnswers, distil
from training_images.runtime_distilled.lessons import pool, read_lessons
from training_images.runtime_distilled.measured import measure
from training_images.runtime_distilled.recipe import SETTINGS as RECIPE_SETTINGS
from training_images.runtime_distilled.recipe import read_recipe
from training_images.runtime_distilled.runtime import KIND, Runtime
from training_images.runtime_distilled.safe import safe
from training_images.runtime_distilled.teacher import Teacher

SETTINGS: Final = frozenset({"compared", "voting"}) | RECIPE_SETTINGS
"""The settings of this image, besides those that every image takes."""
_ENSEMBLE: Final = "the ensemble"
_STUDENT: Final = "this student"
_COMPARED: Final = 600
"""Default number of task items for the comparison; a language model answers sixty per second."""


def train(job: Job) -> Sequence[UnitResult]:
    """Train one runtime, with all the evidence that the gates need. Its card also states its teachers' accuracy.

    Channels: `members` (a folder of textgen-lora and runtime-distilled units), `base` (the model of the adapters),
    `data`, `suite`, and `baseline` (the serving runtime), if there is one.
    """
    spec, recipe = job.spec, read_recipe(job.spec)
    device.prepare_device(recipe.seed)  # a wrong seed fails before the teachers answer
    compared = spec.settings.integer("compared", _COMPARED, least=1)
    voting = cast("Voting", spec.settings.choice("voting", VOTINGS, "mean"))
    eval_suite = suite.load_suite(spec)
    open_early(spec, KIND, eval_suite.parts["task"].digest, lambda unit, _: Runtime.of(safe(unit)))
    lessons = read_lessons(spec.channel("data"), eval_suite, recipe.harmful)
    teachers = members(spec)
    rows = pool(lessons, recipe.pool, recipe.seed)
    answers = _answers(job, teachers, [lessons.rows[row].text for row in rows], voting)
    artifacts = [teacher.unit.artifact for teacher in teachers]
    distil(job, lessons, TeacherAnswers(rows=rows, probabilities=answers[_ENSEMBLE], artifacts=artifacts), recipe)
    sample = eval_suite.sample(compared).parts["task"]
    accuracies = _accuracies(job, teachers, sample, voting)
    names = [teacher.unit.name for teacher in teachers]
    summary = _summary(spec, teachers, accuracies, len(sample.items), voting)
    return [measure(job, eval_suite, recipe, datasets=lessons.datasets, teacher=names[0], summary=summary)]


def _answers(
    job: Job, teachers: Sequence[Teacher], texts: Sequence[str], voting: Voting
) -> dict[str, NDArray[np.float64]]:
    """The probabilities of every member and of the ensemble, by name."""
    answers = {teacher.unit.name: teacher.probabilities(job, texts) for teacher in teachers}
    return {**answers, _ENSEMBLE: ensemble_of(list(answers.values()), voting)}


def _accuracies(job: Job, teachers: Sequence[Teacher], sample: Part, voting: Voting) -> dict[str, float]:
    """The accuracy of every member, the ensemble and the student, by name."""
    labels = np.array([LABELS.index(item.label) for item in sample.items])
    answers = _answers(job, teachers, sample.texts, voting)
    answers[_STUDENT] = Runtime.below(job.folder).probabilities(sample.texts)
    accuracies = {
        name: float(np.mean(probabilities.argmax(axis=1) == labels)) for name, probabilities in answers.items()
    }
    job.log(ensemble_right=accuracies[_ENSEMBLE], student_right=accuracies[_STUDENT])
    return accuracies


def _summary(
    spec: JobSpec, teachers: Sequence[Teacher], accuracies: Mapping[str, float], items: int, voting: Voting
) -> str:
    release = spec.settings.given.get("teacher")
    reason = f" It was asked for when {release} answered too slowly." if release else ""
    artifacts = {teacher.unit.name: f"`{teacher.unit.artifact}`" for teacher in teachers}
    rows = "\n".join(
        f"| {name} | {artifacts.get(name, '')} | {accuracy:.4f} |" for name, accuracy in accuracies.items()
    )
    return (
        f"A small transformer in int8 ONNX that learned from {len(teachers)} teachers at once (their {voting}) and from the "
        f"true labels.{reason}\n\n| who | artifact | right on the same {items:,} items |\n|---|---|--:|\n{rows}"
    )
