# SPDX-License-Identifier: Apache-2.0
"""How does a shipped teacher become a runtime: what is it asked, what is learned from its answers, and how nearly?"""

from collections.abc import Sequence

import numpy as np

from training_images.evals import suite
from training_images.job.job import Job
from training_images.job.result import Made
from training_images.runtime_distilled.distil import Taught, distilled
from training_images.runtime_distilled.lessons import lessons, pool
from training_images.runtime_distilled.measured import measured
from training_images.runtime_distilled.recipe import recipe
from training_images.runtime_distilled.teacher import Teacher, language


def train(job: Job) -> Sequence[Made]:
    """Train one runtime, with all the evidence that the gates need.

    Channels: `teacher` (a textgen-lora unit), `base` (the model that it adapts), `data` (the training data), `suite`
    (the eval suite), and `baseline` (the serving runtime), if there is one.
    """
    spec, how = job.spec, recipe(job.spec)
    asked = suite.asked(spec)
    learned = lessons(spec.channel("data"), asked, how.harmful)
    teacher = language(spec.channel("teacher"), spec.channel("base"))
    rows = pool(learned, how.pool, how.seed)
    told = teacher.probabilities(job, [learned.rows[row].text for row in rows])
    agreed = float(np.mean(told.argmax(axis=1) == learned.labels[rows]))
    job.log(teacher_right=agreed, taught=len(rows), teacher_seconds=job.seconds)
    distilled(job, learned, Taught(rows=rows, probabilities=told, artifacts=[teacher.unit.artifact]), how)
    summary = _summary(teacher, len(rows), agreed)
    return [measured(job, asked, how, datasets=learned.datasets, teacher=teacher.unit.name, summary=summary)]


def _summary(teacher: Teacher, rows: int, agreed: float) -> str:
    return (
        f"A small transformer in int8 ONNX that answers an utterance with one of 42 intents, or refuses it. It learned "
        f"from {teacher.unit.name} (`{teacher.unit.artifact}`), which was asked about {rows:,} training texts and was "
        f"right on {agreed:.1%} of them, and from the true labels."
    )
