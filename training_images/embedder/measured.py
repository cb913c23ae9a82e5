# SPDX-License-Identifier: Apache-2.0
"""How good is an embedder: right documents found, safe answers by its nearest exemplars, milliseconds?"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from training_images.embedder.exemplars import answers, exemplars
from training_images.embedder.learned import TrainingData, data_sets
from training_images.embedder.model import Embedder
from training_images.embedder.ranking import Ranking, ranked, recall_curve
from training_images.embedder.recipe import Recipe
from training_images.embedder.serving import serving_model
from training_images.evals.latency import Answer, questions, requests, serving, sides
from training_images.evals.remeasured import against
from training_images.evals.retrieval import retrieval
from training_images.evals.scoring import safety
from training_images.evals.suite import Suite
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.result import Record, UnitResult
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit
from training_images.learning.adapter import FILES

KIND: Final = "embedder"
_SUMMARY: Final = (
    "A LoRA adapter for {base}: texts become vectors in which a question lies next to the document that "
    "answers it, and an utterance next to others that mean the same. Fold it into the base, take the mean of the last "
    "states over the tokens, scale it to length 1."
)


def measure(
    job: Job, model: Embedder, training_data: TrainingData, suite: Suite, how: Recipe, *, base: str
) -> UnitResult:
    """The embedder in the job's folder with all evidence; `base` is the name of its base model on the Hub."""
    ranking = _searched(model, suite)
    timed_questions = questions(job.spec, suite.parts["retrieval"].items, model.length)
    baseline = serving(job.spec, KIND, lambda unit: _one_at_a_time(_served(unit, job.spec, model)))
    latency = requests(job.spec, _one_at_a_time(model), timed_questions, baseline)

    def found_by(unit: ShippedUnit, _: str) -> Sequence[Record]:
        return retrieval(_searched(_served(unit, job.spec, model), suite), suite).records

    return UnitResult(
        kind=KIND,
        files=FILES,
        contract=contract(model),
        quality=against(job.spec, KIND, retrieval(ranking, suite), found_by),
        safety=safety(_by_exemplars(model, training_data), suite),
        latency=latency,
        datasets=data_sets(job.spec.channel("data")),
        base_model=base,
        summary=_SUMMARY.format(base=base.rpartition("/")[2]),
        library="peft",
        charts={
            "loss": charts.loss(job.metrics["step"], job.metrics["loss"]),
            "recall_at_k": charts.recall_at_k({"this unit": recall_curve(suite.parts["retrieval"].items, ranking)}),
            "latency": charts.latency(sides(latency)),
        },
        seeds={"order and initial weights": how.seed},
    )


def contract(model: Embedder) -> dict[str, Any]:
    """The facts that users of its vectors rely on."""
    return {
        "base_model": model.base_digest,
        "tokenizer": model.tokenizer_digest,
        "dimension": model.dimension,
        "pooling": "mean",
        "normalisation": "l2",
        "max_tokens": model.shape.max_tokens,
    }


def _searched(model: Embedder, suite: Suite) -> Ranking:
    part = suite.parts["retrieval"]
    documents = model.vectors([row.text for row in suite.documents])
    return ranked(part.items, model.vectors(part.texts) @ documents.T, [row.id for row in suite.documents])


def _by_exemplars(model: Embedder, training_data: TrainingData) -> Callable[[Sequence[str]], list[str]]:
    chosen_rows = exemplars(training_data.utterances)
    labels, vectors = [row.label for row in chosen_rows], model.vectors([row.text for row in chosen_rows])
    return lambda texts: answers(model.vectors(texts) @ vectors.T, labels)


def _one_at_a_time(model: Embedder) -> Answer:
    return lambda text: model.vectors([text])


def _served(unit: ShippedUnit, spec: JobSpec, candidate: Embedder) -> Embedder:
    """Load another unit as it is served, on the candidate's device."""
    return serving_model(unit, spec.channel("base")).to(candidate.device)
