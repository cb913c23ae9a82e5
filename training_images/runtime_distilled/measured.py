# SPDX-License-Identifier: Apache-2.0
"""Measures a runtime as it ships: accuracy, safety, latency on one core.

All answers come from the int8 file in onnxruntime, text by text, not from the student in torch.
"""

from collections.abc import Sequence
from typing import Any, Final

from training_images.evals.latency import Answer, questions, requests, serving, sides
from training_images.evals.remeasured import against
from training_images.evals.scoring import safety, score_answers
from training_images.evals.suite import Suite
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.result import DataSet, UnitResult
from training_images.runtime_distilled.asking import task_records
from training_images.runtime_distilled.graph import OPSET
from training_images.runtime_distilled.recipe import Recipe
from training_images.runtime_distilled.runtime import FILES, INPUT, KIND, OUTPUT, Runtime
from training_images.runtime_distilled.safe import safe

MAX_BATCH: Final = 32
"""The largest batch that the contract allows."""


def measure(
    job: Job, suite: Suite, recipe: Recipe, *, datasets: Sequence[DataSet], teacher: str, summary: str
) -> UnitResult:
    """Measure the runtime in the job's folder, and return it with all evidence."""
    runtime = Runtime.below(job.folder)
    task = suite.parts["task"]
    probabilities = runtime.probabilities(task.texts)
    quality = score_answers(task, [runtime.labels[index] for index in probabilities.argmax(axis=1)], safety=False)
    baseline = serving(job.spec, KIND, lambda unit: _one_at_a_time(Runtime.of(safe(unit))))
    latency = requests(job.spec, _one_at_a_time(runtime), questions(job.spec, task.items, runtime.tokens), baseline)
    correct = [bool(record["scores"]["accuracy"]) for record in quality.records]
    return UnitResult(
        kind=KIND,
        files=FILES,
        contract=contract(len(runtime.labels), recipe.longest),
        quality=against(job.spec, KIND, quality, lambda unit, _: task_records(unit, suite)),
        safety=safety(runtime.answer, suite),
        latency=latency,
        datasets=datasets,
        base_model=teacher,
        summary=summary,
        charts={
            "loss": charts.loss(job.metrics["step"], job.metrics["loss"]),
            "reliability": charts.reliability(probabilities.max(axis=1).tolist(), correct),
            "latency": charts.latency(sides(latency)),
        },
        seeds={"order, noise and initial weights": recipe.seed},
    )


def contract(labels: int, longest: int) -> dict[str, Any]:
    """The contract of a runtime: format, inputs, outputs and limits."""
    return {
        "format": "onnx",
        "opset": OPSET,
        "inputs": [{"name": INPUT, "type": "int64", "shape": ["batch", "length"]}],
        "outputs": [{"name": OUTPUT, "type": "float32", "shape": ["batch", labels]}],
        "limits": {"max_batch": MAX_BATCH, "max_tokens": longest},
    }


def _one_at_a_time(runtime: Runtime) -> Answer:
    return lambda text: runtime.answer([text])
