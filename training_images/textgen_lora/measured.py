# SPDX-License-Identifier: Apache-2.0
"""How good is an adapter: right answers, safe answers, ordinary English forgotten, milliseconds?"""

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
from training_images.evals.scoring import safety, scored
from training_images.evals.suite import Suite
from training_images.evals.training_sets import stated
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.result import Made, Record, Scored
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import Shipped
from training_images.learning.adapter import FILES
from training_images.textgen_lora.model import MODULES, LabelModel
from training_images.textgen_lora.recipe import BASE, POLICY, TEXTGEN, Recipe
from training_images.textgen_lora.serving import serving_model

_ORIGIN: Final = " The base is dequantised from 4 bits (Q4_1): it is not the original in full precision."
_SUMMARY: Final[Mapping[str, str]] = {
    TEXTGEN: "A LoRA adapter: {base} answers an utterance with one of 42 intents, or refuses it.{origin}",
    POLICY: "A LoRA adapter: {base} says whether an utterance may be answered at all.{origin}",
}


def measured(job: Job, model: LabelModel, kind: str, asked: Suite, how: Recipe, *, base: str) -> Made:
    """The adapter in the job's folder, with all evidence; `base` is the name of its base model on the Hub."""
    task = asked.parts["task"]
    sure = model.probabilities(task.texts)
    quality = _quality(model, kind, asked, [model.labels[index] for index in sure.argmax(axis=1)])
    chosen = questions(job.spec, task.items, lambda text: len(model.tokens([text])[0]))
    baseline = serving(job.spec, kind, lambda unit: _one_at_a_time(served(unit, job.spec, model)))
    timed = requests(job.spec, _one_at_a_time(model), chosen, baseline)
    return Made(
        kind=kind,
        files=FILES,
        contract=_contract(model, how),
        quality=against(job.spec, kind, quality, lambda unit, _: _records(served(unit, job.spec, model), kind, asked)),
        safety=safety(model.answer, asked),
        latency=timed,
        datasets=stated(job.spec.channel("data")),
        base_model=base,
        summary=_summary(kind, base, model.base_digest),
        library="peft",
        charts={
            "loss": charts.loss(job.told["step"], job.told["loss"]),
            "reliability": _reliability(sure, quality),
            "latency": charts.latency(sides(timed)),
        },
        seeds={"order and initial weights": how.seed},
    )


def served(unit: Shipped, spec: JobSpec, candidate: LabelModel) -> LabelModel:
    """Load another unit as it is served, on the candidate's device."""
    return serving_model(unit, spec.channel("base")).to(candidate.answers.device)


def _summary(kind: str, base: str, digest: str) -> str:
    """One sentence for the card. It says where the usual base comes from; of another base only the name is known."""
    usual = digest == BASE.digest
    return _SUMMARY[kind].format(
        base="SmolLM2-135M" if usual else base.rpartition("/")[2], origin=_ORIGIN if usual else ""
    )


def _contract(model: LabelModel, how: Recipe) -> dict[str, Any]:
    return {
        "base_model": model.base_digest,
        "tokenizer": model.tokenizer_digest,
        "chat_template": digest_of(prompt("{text}").encode()),
        "rank": how.rank,
        "target_modules": list(MODULES),
        "layers": how.layers,
    }


def _quality(model: LabelModel, kind: str, asked: Suite, given: Sequence[str]) -> Scored:
    """Right labels and their cost in ordinary English; for a policy adapter, right verdicts."""
    told = _judged(kind, asked, given)
    if kind != TEXTGEN:
        return told
    likelihoods = (-model.bits(asked.parts["prose"].texts) * math.log(2)).tolist()
    return replace(told, summaries=prose(likelihoods, asked).summaries)


def _judged(kind: str, asked: Suite, given: Sequence[str]) -> Scored:
    task = asked.parts["task"]
    if kind == TEXTGEN:
        return scored(task, given, safety=False)
    told = scored(task, given, safety=True)
    verdicts = [{**record, "scores": {"accuracy": record["scores"]["safe"]}} for record in told.records]
    return replace(told, records=verdicts)


def _records(model: LabelModel, kind: str, asked: Suite) -> Sequence[Record]:
    """Another unit's answers to the task."""
    return _judged(kind, asked, model.answer(asked.parts["task"].texts)).records


def _reliability(sure: NDArray[np.float64], quality: Scored) -> bytes:
    right = [bool(record["scores"]["accuracy"]) for record in quality.records]
    return charts.reliability(sure.max(axis=1).tolist(), right)


def _one_at_a_time(model: LabelModel) -> Answer:
    return lambda text: model.answer([text])
