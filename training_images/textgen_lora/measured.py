# SPDX-License-Identifier: Apache-2.0
"""What is an adapter worth: right answers, safe answers, ordinary English unlearned, milliseconds?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training_images.evals.labels import prompt
from training_images.evals.latency import REQUESTS, Answer, Baseline, Question, latencies, requests
from training_images.evals.prose import prose
from training_images.evals.scoring import SAFETY, scored
from training_images.evals.suite import Suite
from training_images.evals.training_sets import stated
from training_images.job import charts
from training_images.job.digests import digest_of_text
from training_images.job.job import Job
from training_images.job.made import Made, Scored
from training_images.job.shipped import shipped_unit
from training_images.job.spec import JobSpec
from training_images.textgen_lora.model import FILE, MODULES, LabelModel
from training_images.textgen_lora.recipe import KINDS, Recipe, model_of

_BASE: Final = "HuggingFaceTB/SmolLM2-135M-Instruct"
_ORIGIN: Final = "The base is dequantised from 4 bits (Q4_1): it is not the original in full precision."
_SUMMARY: Final[Mapping[str, str]] = {
    KINDS[0]: f"A LoRA adapter: SmolLM2-135M answers an utterance with one of 42 intents, or refuses it. {_ORIGIN}",
    KINDS[1]: f"A LoRA adapter: SmolLM2-135M says whether an utterance may be answered at all. {_ORIGIN}",
}


def measured(job: Job, model: LabelModel, kind: str, asked: Suite, how: Recipe) -> Made:
    """The adapter in the job's folder, with all evidence."""
    task = asked.parts["task"]
    sure = model.probabilities(task.texts)
    quality = _quality(model, kind, asked, [model.labels[index] for index in sure.argmax(axis=1)])
    timed = requests(
        job.spec, _one_at_a_time(model), _questions(model, asked, job.spec), _baseline(job.spec, kind, how)
    )
    return Made(
        kind=kind,
        files=[FILE],
        contract=_contract(model, how),
        quality=quality,
        safety={name: _safety(model, asked, name) for name in SAFETY},
        latency=timed,
        datasets=stated(job.spec.channel("data")),
        base_model=job.spec.settings.text("base_name", _BASE),
        summary=_SUMMARY[kind],
        charts={
            "loss": charts.loss(job.told["step"], job.told["loss"]),
            "reliability": _reliability(sure, quality),
            "latency": charts.latency({"this unit": latencies(timed.records), "baseline": latencies(timed.baseline)}),
        },
        seeds={"order and initial weights": how.seed},
    )


def _contract(model: LabelModel, how: Recipe) -> dict[str, Any]:
    return {
        "base_model": model.base_digest,
        "tokenizer": model.tokenizer_digest,
        "chat_template": digest_of_text(prompt("{text}")),
        "rank": how.rank,
        "target_modules": list(MODULES),
        "layers": how.layers,
    }


def _quality(model: LabelModel, kind: str, asked: Suite, given: Sequence[str]) -> Scored:
    """Right labels and what they cost in ordinary English; of a policy adapter, right verdicts."""
    task = asked.parts["task"]
    if kind == KINDS[0]:
        likelihoods = (-model.bits(asked.parts["prose"].texts) * math.log(2)).tolist()
        return replace(scored(task, given, safety=False), summaries=prose(likelihoods, asked).summaries)
    told = scored(task, given, safety=True)
    verdicts = [{**record, "scores": {"accuracy": record["scores"]["safe"]}} for record in told.records]
    return replace(told, records=verdicts)


def _safety(model: LabelModel, asked: Suite, name: str) -> Scored:
    part = asked.parts[name]
    return scored(part, model.answer(part.texts), safety=True)


def _reliability(sure: NDArray[np.float64], quality: Scored) -> bytes:
    right = [bool(record["scores"]["accuracy"]) for record in quality.records]
    return charts.reliability(sure.max(axis=1).tolist(), right)


def _one_at_a_time(model: LabelModel) -> Answer:
    return lambda text: model.answer([text])


def _questions(model: LabelModel, asked: Suite, spec: JobSpec) -> list[Question]:
    items = asked.parts["task"].items[: spec.settings.integer("requests", REQUESTS, least=1)]
    tokens = model.tokens([item.text for item in items])
    return [Question(item=item.id, text=item.text, tokens=len(row)) for item, row in zip(items, tokens, strict=True)]


def _baseline(spec: JobSpec, kind: str, how: Recipe) -> Baseline | None:
    """What serves now, if its folder was given."""
    if "baseline" not in spec.channels:
        return None
    serving = shipped_unit(spec.channel("baseline"), kind)
    recipe = replace(how, rank=int(serving.contract["rank"]), layers=int(serving.contract.get("layers", how.layers)))
    model = model_of(spec.channel("base"), kind, recipe).load(serving.path(FILE))
    return Baseline(artifact=serving.artifact, answer=_one_at_a_time(model))
