# SPDX-License-Identifier: Apache-2.0
"""What is an adapter worth: right answers, safe answers, ordinary English unlearned, milliseconds?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from federation.core.digest import digest_of
from training_images.evals.another_suite import against
from training_images.evals.labels import prompt
from training_images.evals.latency import REQUESTS, Answer, Baseline, Question, latencies, requests
from training_images.evals.prose import prose
from training_images.evals.scoring import SAFETY, scored
from training_images.evals.suite import Suite
from training_images.evals.training_sets import stated
from training_images.job import charts
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.made import Made, Record, Scored
from training_images.job.shipped import Shipped, shipped_unit
from training_images.job.spec import JobSpec
from training_images.learning.adapter import FILES, rank_and_layers
from training_images.textgen_lora.model import MODULES, LabelModel
from training_images.textgen_lora.recipe import BASE, POLICY, TEXTGEN, Recipe, model_of

_ORIGIN: Final = " The base is dequantised from 4 bits (Q4_1): it is not the original in full precision."
_SUMMARY: Final[Mapping[str, str]] = {
    TEXTGEN: "A LoRA adapter: {base} answers an utterance with one of 42 intents, or refuses it.{origin}",
    POLICY: "A LoRA adapter: {base} says whether an utterance may be answered at all.{origin}",
}


def measured(job: Job, model: LabelModel, kind: str, asked: Suite, how: Recipe, *, base: str) -> Made:
    """The adapter in the job's folder, with all evidence; `base` is what the Hub calls the base model."""
    task = asked.parts["task"]
    sure = model.probabilities(task.texts)
    quality = _quality(model, kind, asked, [model.labels[index] for index in sure.argmax(axis=1)])
    serving = Serving(job.spec, kind, how, model)
    timed = requests(job.spec, _one_at_a_time(model), _questions(model, asked, job.spec), serving.baseline())
    return Made(
        kind=kind,
        files=FILES,
        contract=_contract(model, how),
        quality=against(job.spec, kind, quality, lambda unit, _: _records(serving.model(unit), kind, asked)),
        safety={name: _safety(model, asked, name) for name in SAFETY},
        latency=timed,
        datasets=stated(job.spec.channel("data")),
        base_model=base,
        summary=_summary(kind, base, model.base_digest),
        library="peft",
        charts={
            "loss": charts.loss(job.told["step"], job.told["loss"]),
            "reliability": _reliability(sure, quality),
            "latency": charts.latency({"this unit": latencies(timed.records), "baseline": latencies(timed.baseline)}),
        },
        seeds={"order and initial weights": how.seed},
    )


def _summary(kind: str, base: str, digest: str) -> str:
    """Where the usual base comes from is known; of another one only its name is."""
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
    """Right labels and what they cost in ordinary English; of a policy adapter, right verdicts."""
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
    """What another unit answers to the task."""
    return _judged(kind, asked, model.answer(asked.parts["task"].texts)).records


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


class Serving:
    """Other units of the kind, on the candidate's base and device."""

    def __init__(self, spec: JobSpec, kind: str, how: Recipe, candidate: LabelModel) -> None:
        self._spec, self._kind, self._how, self._candidate = spec, kind, how, candidate

    def baseline(self) -> Baseline | None:
        """What serves now, if its folder was given."""
        if "baseline" not in self._spec.channels:
            return None
        unit = shipped_unit(self._spec.channel("baseline"), self._kind)
        return Baseline(artifact=unit.artifact, answer=_one_at_a_time(self.model(unit)))

    def model(self, unit: Shipped) -> LabelModel:
        """A unit as it answers.

        Raises:
            ConfigError: It is an adapter of another base.
        """
        if unit.contract.get("base_model") != self._candidate.base_digest:
            raise ConfigError(
                f"{unit.name} was made for the base model {unit.contract.get('base_model')}, and "
                f"{self._candidate.base_digest} is mounted: on it, it would answer what it never answers"
            )
        folder = unit.holding(FILES)
        rank, layers = rank_and_layers(folder)
        recipe = replace(self._how, rank=rank, layers=layers)
        model = model_of(self._spec.channel("base"), self._kind, recipe).load(folder)
        return model.to(self._candidate.answers.device)
