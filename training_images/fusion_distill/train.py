# SPDX-License-Identifier: Apache-2.0
"""How do several teachers become one student: what do they say together, and how near does the student come to it?"""

from collections.abc import Mapping, Sequence
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from training_images.evals import suite
from training_images.evals.labels import LABELS
from training_images.evals.suite import Part
from training_images.fusion_distill.members import VOTINGS, Voting, members, together
from training_images.job.job import Job
from training_images.job.result import Made
from training_images.job.spec import JobSpec
from training_images.runtime_distilled.distil import Taught, distilled
from training_images.runtime_distilled.lessons import lessons, pool
from training_images.runtime_distilled.measured import measured
from training_images.runtime_distilled.recipe import SETTINGS as LEARNING
from training_images.runtime_distilled.recipe import recipe
from training_images.runtime_distilled.runtime import Runtime
from training_images.runtime_distilled.teacher import Teacher

SETTINGS: Final = frozenset({"compared", "voting"}) | LEARNING
"""The settings of this image, besides those that every image takes."""
_ENSEMBLE: Final = "the ensemble"
_STUDENT: Final = "this student"
_COMPARED: Final = 600
"""Task items on which members and ensemble are also compared; language models answer sixty per second."""


def train(job: Job) -> Sequence[Made]:
    """Train one runtime, with all the evidence that the gates need; its card says how good its teachers were.

    Channels: `members` (a folder of textgen-lora and runtime-distilled units), `base` (the model of the former),
    `data`, `suite`, and `baseline` (the serving runtime), if there is one.
    """
    spec, how = job.spec, recipe(job.spec)
    voting = cast("Voting", spec.settings.choice("voting", VOTINGS, "mean"))
    asked = suite.asked(spec)
    learned = lessons(spec.channel("data"), asked, how.harmful)
    teachers = members(spec)
    rows = pool(learned, how.pool, how.seed)
    told = _asked(job, teachers, [learned.rows[row].text for row in rows], voting)
    artifacts = [one.unit.artifact for one in teachers]
    distilled(job, learned, Taught(rows=rows, probabilities=told[_ENSEMBLE], artifacts=artifacts), how)
    compared = asked.sample(spec.settings.integer("compared", _COMPARED, least=1)).parts["task"]
    right = _right(job, teachers, compared, voting)
    names = [one.unit.name for one in teachers]
    summary = _summary(spec, teachers, right, len(compared.items), voting)
    return [measured(job, asked, how, datasets=learned.datasets, teacher=names[0], summary=summary)]


def _asked(
    job: Job, teachers: Sequence[Teacher], texts: Sequence[str], voting: Voting
) -> dict[str, NDArray[np.float64]]:
    """The probabilities of every member and of all of them together, by name."""
    told = {one.unit.name: one.probabilities(job, texts) for one in teachers}
    return {**told, _ENSEMBLE: together(list(told.values()), voting)}


def _right(job: Job, teachers: Sequence[Teacher], compared: Part, voting: Voting) -> dict[str, float]:
    """The share of items that each of them answers rightly, by name."""
    labels = np.array([LABELS.index(item.label) for item in compared.items])
    told = _asked(job, teachers, compared.texts, voting)
    told[_STUDENT] = Runtime.below(job.folder).probabilities(compared.texts)
    found = {name: float(np.mean(one.argmax(axis=1) == labels)) for name, one in told.items()}
    job.log(ensemble_right=found[_ENSEMBLE], student_right=found[_STUDENT])
    return found


def _summary(spec: JobSpec, teachers: Sequence[Teacher], right: Mapping[str, float], items: int, voting: Voting) -> str:
    asker = spec.settings.given.get("teacher")
    why = f" It was asked for when {asker} answered too slowly." if asker else ""
    artifacts = {one.unit.name: f"`{one.unit.artifact}`" for one in teachers}
    rows = "\n".join(f"| {name} | {artifacts.get(name, '')} | {value:.4f} |" for name, value in right.items())
    return (
        f"A small transformer in int8 ONNX that learned from {len(teachers)} teachers at once (their {voting}) and from the "
        f"true labels.{why}\n\n| who | artifact | right on the same {items:,} items |\n|---|---|--:|\n{rows}"
    )
