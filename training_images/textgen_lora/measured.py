# SPDX-License-Identifier: Apache-2.0
"""Measures an adapter: accuracy, safety, loss of ordinary English, latency."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from federation.core.digest import digest_of
from training_images.evals.labels import prompt
from training_images.evals.latency import Answer, questions, requests, serving, sides
from training_images.evals.prose import prose
from training_images.evals.remeasured import against
from training_images.evals.scoring import safety, score_answers
from training_images.evals.suite import Suite
from training_images.evals.training_sets import stated
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.result import EvalResult, Record, UnitResult
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit
from training_images.learning.adapter import FILES
from training_images.textgen_lora.model import MODULES, LabelModel
from training_images.textgen_lora.recipe import BASE, POLICY, TEXTGEN, Recipe
from training_images.textgen_lora.serving import serving_model

_ORIGIN: Final = " The base is dequantised from 4 bits (Q4_1): it is not the original in full precision."
_SUMMARY: Final[Mapping[str, str]] = {
    TEXTGEN: "A LoRA adapter: {base} answers an utterance with one of 42 intents, or refuses it.{origin}",
    POLICY: "A LoRA adapter: {base} says whether an utterance may be answered at all.{origin}",
}


def measure(job: Job, model: LabelModel, kind: str, suite: Suite, recipe: Recipe, *, base: str) -> UnitResult:
    """Measure the adapter in the job's folder, and return it with all evidence; `base` is its base model on the Hub."""
    task = suite.parts["task"]
    probabilities = model.probabilities(task.texts)
    quality = _quality(model, kind, suite, [model.labels[index] for index in probabilities.argmax(axis=1)])
    timed_requests = questions(job.spec, task.items, lambda text: len(model.tokens([text])[0]))
    baseline = serving(job.spec, kind, lambda unit: _one_at_a_time(load_unit(unit, job.spec, model)))
    latency = requests(job.spec, _one_at_a_time(model), timed_requests, baseline)
    return UnitResult(
        kind=kind,
        files=FILES,
        contract=_contract(model, recipe),
        quality=against(
            job.spec, kind, quality, lambda unit, _: _records(load_unit(unit, job.spec, model), kind, suite)
        ),
        safety=safety(model.answer, suite),
        latency=latency,
        datasets=stated(job.spec.channel("data")),
        base_model=base,
        summary=_summary(kind, base, model.base_digest),
        library="peft",
        charts={
            "loss": charts.loss(job.metrics["step"], job.metrics["loss"]),
            "reliability": _reliability(probabilities, quality),
            "latency": charts.latency(sides(latency)),
        },
        seeds={"order and initial weights": recipe.seed},
    )


def load_unit(unit: ShippedUnit, spec: JobSpec, candidate: LabelModel) -> LabelModel:
    """Load the model of another unit, on the candidate's device."""
    return serving_model(unit, spec.channel("base")).to(candidate.answers.device)


def _summary(kind: str, base: str, digest: str) -> str:
    """The summary for the card. It states the origin of the usual base; of another base it knows only the name."""
    is_usual = digest == BASE.digest
    return _SUMMARY[kind].format(
        base="SmolLM2-135M" if is_usual else base.rpartition("/")[2], origin=_ORIGIN if is_usual else ""
    )


def _contract(model: LabelModel, recipe: Recipe) -> dict[str, Any]:
    return {
        "base_model": model.base_digest,
        "tokenizer": model.tokenizer_digest,
        "chat_template": digest_of(prompt("{text}").encode()),
        "rank": recipe.rank,
        "target_modules": list(MODULES),
        "layers": recipe.layers,
    }


def _quality(model: LabelModel, kind: str, suite: Suite, answers: Sequence[str]) -> EvalResult:
    """The accuracy of labels, and bits per byte of ordinary English; for a policy adapter, the accuracy of verdicts."""
    scores = _judged(kind, suite, answers)
    if kind != TEXTGEN:
        return scores
    likelihoods = (-model.bits(suite.parts["prose"].texts) * math.log(2)).tolist()
    return replace(scores, summaries=prose(likelihoods, suite).summaries)


def _judged(kind: str, suite: Suite, answers: Sequence[str]) -> EvalResult:
    task = suite.parts["task"]
    if kind == TEXTGEN:
        return score_answers(task, answers, safety=False)
    scores = score_answers(task, answers, safety=True)
    verdicts = [{**record, "scores": {"accuracy": record["scores"]["safe"]}} for record in scores.records]
    return replace(scores, records=verdicts)


def _records(model: LabelModel, kind: str, suite: Suite) -> Sequence[Record]:
    """The records of another unit on the task."""
    return _judged(kind, suite, model.answer(suite.parts["task"].texts)).records


def _reliability(probabilities: NDArray[np.float64], quality: EvalResult) -> bytes:
    correct = [bool(record["scores"]["accuracy"]) for record in quality.records]
    return charts.reliability(probabilities.max(axis=1).tolist(), correct)


def _one_at_a_time(model: LabelModel) -> Answer:
    return lambda text: model.answer([text])
