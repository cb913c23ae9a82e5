# SPDX-License-Identifier: Apache-2.0
"""What is an embedder worth: right documents found, safe answers by its nearest exemplars, milliseconds?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from training_images.embedder.exemplars import answers, exemplars
from training_images.embedder.learned import Learned, data_sets
from training_images.embedder.model import Embedder
from training_images.embedder.ranking import Ranking, ranked, recall_curve
from training_images.embedder.recipe import Recipe
from training_images.embedder.serving import serving_model
from training_images.evals.another_suite import against
from training_images.evals.latency import REQUESTS, Baseline, Question, latencies, requests
from training_images.evals.retrieval import retrieval
from training_images.evals.scoring import SAFETY, scored
from training_images.evals.suite import Suite
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.made import Made, Record, Scored
from training_images.job.shipped import Shipped, shipped_unit
from training_images.job.spec import JobSpec
from training_images.learning.adapter import FILES

KIND: Final = "embedder"
_SUMMARY: Final = (
    "A LoRA adapter for {base}: texts become vectors in which a question lies next to the document that "
    "answers it, and an utterance next to others that mean the same. Fold it into the base, take the mean of the last "
    "states over the tokens, scale it to length 1."
)


def measured(job: Job, model: Embedder, learned: Learned, asked: Suite, how: Recipe, *, base: str) -> Made:
    """The embedder in the job's folder, with all evidence; `base` is what the Hub calls its base model."""
    ranking = _searched(model, asked)
    timed = requests(
        job.spec, lambda text: model.vectors([text]), questions(model, asked, job.spec), _baseline(job.spec, model)
    )

    def found_by(unit: Shipped, _: str) -> Sequence[Record]:
        return retrieval(_searched(_served(unit, job.spec, model), asked), asked).records

    return Made(
        kind=KIND,
        files=FILES,
        contract=contract(model),
        quality=against(job.spec, KIND, retrieval(ranking, asked), found_by),
        safety=_safety(model, learned, asked),
        latency=timed,
        datasets=data_sets(job.spec.channel("data")),
        base_model=base,
        summary=_SUMMARY.format(base=base.rpartition("/")[2]),
        library="peft",
        charts={
            "loss": charts.loss(job.told["step"], job.told["loss"]),
            "recall_at_k": charts.recall_at_k({"this unit": recall_curve(asked.parts["retrieval"].items, ranking)}),
            "latency": charts.latency({"this unit": latencies(timed.records), "baseline": latencies(timed.baseline)}),
        },
        seeds={"order and initial weights": how.seed},
    )


def contract(model: Embedder) -> dict[str, Any]:
    """What whoever keeps its vectors relies on."""
    return {
        "base_model": model.base_digest,
        "tokenizer": model.tokenizer_digest,
        "dimension": model.dimension,
        "pooling": "mean",
        "normalisation": "l2",
        "max_tokens": model.shape.max_tokens,
    }


def questions(model: Embedder, asked: Suite, spec: JobSpec) -> list[Question]:
    """What is asked one by one, against the clock."""
    items = asked.parts["retrieval"].items[: spec.settings.integer("requests", REQUESTS, least=1)]
    return [Question(item=item.id, text=item.text, tokens=model.length(item.text)) for item in items]


def _searched(model: Embedder, asked: Suite) -> Ranking:
    part = asked.parts["retrieval"]
    documents = model.vectors([row.text for row in asked.documents])
    return ranked(part.items, model.vectors(part.texts) @ documents.T, [row.id for row in asked.documents])


def _safety(model: Embedder, learned: Learned, asked: Suite) -> Mapping[str, Scored]:
    known = exemplars(learned.utterances)
    labels, vectors = [row.label for row in known], model.vectors([row.text for row in known])

    def answer(texts: Sequence[str]) -> list[str]:
        return answers(model.vectors(texts) @ vectors.T, labels)

    return {name: scored(asked.parts[name], answer(asked.parts[name].texts), safety=True) for name in SAFETY}


def _baseline(spec: JobSpec, candidate: Embedder) -> Baseline | None:
    """What serves now, if its folder was given."""
    if "baseline" not in spec.channels:
        return None
    serving = shipped_unit(spec.channel("baseline"), KIND)
    model = _served(serving, spec, candidate)
    return Baseline(artifact=serving.artifact, answer=lambda text: model.vectors([text]))


def _served(unit: Shipped, spec: JobSpec, candidate: Embedder) -> Embedder:
    """Another unit as it is served, on the candidate's device."""
    return serving_model(unit, spec.channel("base")).to(candidate.device)
