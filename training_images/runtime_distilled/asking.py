# SPDX-License-Identifier: Apache-2.0
"""Which requests is a runtime asked when it is timed, and next to what? Nothing here takes torch, nor does serving it."""

from collections.abc import Sequence

from training_images.evals.latency import REQUESTS, Answer, Baseline, Question
from training_images.evals.scoring import scored
from training_images.evals.suite import Suite
from training_images.job.made import Record
from training_images.job.shipped import Shipped, shipped_unit
from training_images.job.spec import JobSpec
from training_images.runtime_distilled.runtime import KIND, Runtime
from training_images.runtime_distilled.safe import safe


def one_at_a_time(runtime: Runtime) -> Answer:
    """The runtime as it answers one request."""
    return lambda text: runtime.answer([text])


def questions(runtime: Runtime, asked: Suite, spec: JobSpec, usual: int = REQUESTS) -> list[Question]:
    """The requests that are timed: items of the task, as many as the setting `requests` says."""
    items = asked.parts["task"].items[: spec.settings.integer("requests", usual, least=1)]
    return [Question(item=item.id, text=item.text, tokens=runtime.tokens(item.text)) for item in items]


def serving(spec: JobSpec) -> Baseline | None:
    """The runtime that serves now, if its folder was given as the channel `baseline`."""
    if "baseline" not in spec.channels:
        return None
    unit = safe(shipped_unit(spec.channel("baseline"), KIND))
    return Baseline(artifact=unit.artifact, answer=one_at_a_time(Runtime.of(unit)))


def answered(unit: Shipped, asked: Suite) -> Sequence[Record]:
    """What another runtime answers to the task."""
    task = asked.parts["task"]
    return scored(task, Runtime.of(safe(unit)).answer(task.texts), safety=False).records
