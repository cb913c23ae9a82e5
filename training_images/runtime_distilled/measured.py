# SPDX-License-Identifier: Apache-2.0
"""How good is a runtime as it ships: right answers, safe answers, milliseconds on one core?

All answers come from the int8 file through onnxruntime, text by text; the student in torch is not asked.
"""

from collections.abc import Sequence
from typing import Any, Final

from training_images.evals.latency import Answer, questions, requests, serving, sides
from training_images.evals.remeasured import against
from training_images.evals.scoring import safety, scored
from training_images.evals.suite import Suite
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.result import DataSet, Made
from training_images.runtime_distilled.asking import answered
from training_images.runtime_distilled.graph import OPSET
from training_images.runtime_distilled.recipe import Recipe
from training_images.runtime_distilled.runtime import FILES, INPUT, KIND, OUTPUT, Runtime
from training_images.runtime_distilled.safe import safe

MOST_AT_ONCE: Final = 32
"""Most texts in a batch that a runtime promises to take."""


def measured(job: Job, asked: Suite, how: Recipe, *, datasets: Sequence[DataSet], teacher: str, summary: str) -> Made:
    """The runtime in the job's folder, with all evidence."""
    runtime = Runtime.below(job.folder)
    task = asked.parts["task"]
    sure = runtime.probabilities(task.texts)
    quality = scored(task, [runtime.labels[place] for place in sure.argmax(axis=1)], safety=False)
    baseline = serving(job.spec, KIND, lambda unit: _one_at_a_time(Runtime.of(safe(unit))))
    timed = requests(job.spec, _one_at_a_time(runtime), questions(job.spec, task.items, runtime.tokens), baseline)
    right = [bool(record["scores"]["accuracy"]) for record in quality.records]
    return Made(
        kind=KIND,
        files=FILES,
        contract=contract(len(runtime.labels), how.longest),
        quality=against(job.spec, KIND, quality, lambda unit, _: answered(unit, asked)),
        safety=safety(runtime.answer, asked),
        latency=timed,
        datasets=datasets,
        base_model=teacher,
        summary=summary,
        charts={
            "loss": charts.loss(job.told["step"], job.told["loss"]),
            "reliability": charts.reliability(sure.max(axis=1).tolist(), right),
            "latency": charts.latency(sides(timed)),
        },
        seeds={"order, noise and initial weights": how.seed},
    )


def contract(labels: int, longest: int) -> dict[str, Any]:
    """What anybody who runs a runtime relies on."""
    return {
        "format": "onnx",
        "opset": OPSET,
        "inputs": [{"name": INPUT, "type": "int64", "shape": ["batch", "length"]}],
        "outputs": [{"name": OUTPUT, "type": "float32", "shape": ["batch", labels]}],
        "limits": {"max_batch": MOST_AT_ONCE, "max_tokens": longest},
    }


def _one_at_a_time(runtime: Runtime) -> Answer:
    return lambda text: runtime.answer([text])
