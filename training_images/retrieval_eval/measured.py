# SPDX-License-Identifier: Apache-2.0
"""Measures an index: quality of retrieval, safety of its answers, latency of a search."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from training_images.embedder.exemplars import answers
from training_images.embedder.learned import data_sets
from training_images.embedder.model import Embedder
from training_images.embedder.ranking import Ranking, ranked, recall_curve
from training_images.embedder.serving import serving_model
from training_images.evals.latency import Answer, questions, requests, serving, sides
from training_images.evals.remeasured import against
from training_images.evals.retrieval import retrieval
from training_images.evals.scoring import safety
from training_images.evals.suite import Suite
from training_images.job import charts
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.result import LatencyResult, Record, UnitResult
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit, shipped_unit
from training_images.learning import adapter
from training_images.retrieval_eval.files import FILES, read_index
from training_images.retrieval_eval.index import Entries, Index

KIND: Final = "retrieval-eval"


def measure(
    job: Job,
    model: Embedder,
    *,
    index: Index,
    entries: Entries,
    suite: Suite,
    embedder: ShippedUnit,
    thresholds: Mapping[str, str],
) -> UnitResult:
    """Measure the index in the job's folder, and return it with all evidence."""
    part, spec = suite.parts["retrieval"], job.spec
    queries = model.vectors(part.texts)
    ranking = ranked(part.items, index.similar_documents(queries), index.ids)
    exact_ranking = ranked(part.items, queries @ entries.documents.T, entries.ids)
    baseline = serving(spec, KIND, lambda unit: _nearest_document(*load_index(unit, "baseline", spec, model)))
    latency = requests(spec, _nearest_document(model, index), questions(spec, part.items, model.length), baseline)

    def records_of(unit: ShippedUnit, channel: str) -> Sequence[Record]:
        return _records(*load_index(unit, channel, spec, model), suite)

    return UnitResult(
        kind=KIND,
        files=FILES,
        contract={"index_dimension": index.dimension, "embedder": f"{embedder.unit.org}/{embedder.unit.kind}"},
        quality=against(spec, KIND, retrieval(ranking, suite), records_of),
        safety=safety(_label_by_exemplars(model, index), suite),
        latency=latency,
        datasets=data_sets(spec.channel("data")),
        base_model=adapter.base_name(embedder.folder_with(adapter.FILES)),
        summary=_summary(embedder, index),
        calibration={"embedder": embedder.artifact, "thresholds": dict(thresholds)},
        charts=_charts(suite, ranking, exact_ranking, latency),
    )


def _summary(embedder: ShippedUnit, index: Index) -> str:
    return (
        f"{len(index.ids):,} documents and {len(index.labels):,} exemplars of labels in the vectors of "
        f"{embedder.name}, turned onto {index.dimension} axes and rounded to 8 bits, and the similarity from which on "
        "a prompt belongs to a type."
    )


def _label_by_exemplars(model: Embedder, index: Index) -> Callable[[Sequence[str]], list[str]]:
    return lambda texts: answers(index.similar_exemplars(model.vectors(texts)), index.labels)


def _charts(suite: Suite, ranking: Ranking, exact_ranking: Ranking, latency: LatencyResult) -> dict[str, bytes]:
    items = suite.parts["retrieval"].items
    curves = {"this index": recall_curve(items, ranking), "vectors not rounded": recall_curve(items, exact_ranking)}
    return {"recall_at_k": charts.recall_at_k(curves), "latency": charts.latency(sides(latency))}


def _nearest_document(model: Embedder, index: Index) -> Answer:
    """A function that returns the id of the document nearest to a question."""
    return lambda text: index.ids[int(index.similar_documents(model.vectors([text])).argmax())]


def load_index(unit: ShippedUnit, channel: str, spec: JobSpec, candidate: Embedder) -> tuple[Embedder, Index]:
    """Another index with the embedder that it was measured with, on the candidate's device."""
    model = serving_model(_embedder_of(unit, channel, spec), spec.channel("base")).to(candidate.device)
    return model, read_index(unit.folder_with(FILES))


def _records(model: Embedder, index: Index, suite: Suite) -> Sequence[Record]:
    """The records of another index. Documents that this suite does not have are skipped, which can only help it."""
    part, known = suite.parts["retrieval"], {row.id for row in suite.documents}
    ranking = ranked(part.items, index.similar_documents(model.vectors(part.texts)), index.ids)
    return retrieval(
        {item: [document for document in documents if document in known] for item, documents in ranking.items()}, suite
    ).records


def _embedder_of(index: ShippedUnit, channel: str, spec: JobSpec) -> ShippedUnit:
    """The embedder that an index belongs to.

    Raises:
        ConfigError: The channel has another embedder, with which the index would be meaningless.
    """
    expected = index.unit.calibration.embedder if index.unit.calibration else None
    own_channel = f"{channel}_embedder"
    embedder_channel = own_channel if own_channel in spec.channels else "embedder"
    embedder = shipped_unit(spec.channel(embedder_channel), "embedder")
    if embedder.artifact != expected:
        raise ConfigError(
            f"{index.name} was measured with the embedder {expected}, but the channel {embedder_channel} has "
            f"{embedder.artifact}: give the folder of the right one as --channel.{own_channel}"
        )
    return embedder
