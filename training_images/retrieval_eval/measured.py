# SPDX-License-Identifier: Apache-2.0
"""How good is an index: right documents found in rounded vectors, safe answers, milliseconds to a document?"""

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
from training_images.job.result import Made, Record, Timed
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import Shipped, shipped_unit
from training_images.learning import adapter
from training_images.retrieval_eval.files import FILES, read_index
from training_images.retrieval_eval.index import Entries, Index

KIND: Final = "retrieval-eval"


def measured(
    job: Job,
    model: Embedder,
    *,
    index: Index,
    entries: Entries,
    asked: Suite,
    unit: Shipped,
    least: Mapping[str, str],
) -> Made:
    """The index in the job's folder, with all evidence."""
    part, spec = asked.parts["retrieval"], job.spec
    asking = model.vectors(part.texts)
    ranking = ranked(part.items, index.similar_documents(asking), index.ids)
    whole = ranked(part.items, asking @ entries.documents.T, entries.ids)
    serves = serving(spec, KIND, lambda unit: _search(*_served(unit, "baseline", spec, model)))
    timed = requests(spec, _search(model, index), questions(spec, part.items, model.length), serves)

    def found_by(unit: Shipped, channel: str) -> Sequence[Record]:
        return _records(*_served(unit, channel, spec, model), asked)

    return Made(
        kind=KIND,
        files=FILES,
        contract={"index_dimension": index.dimension, "embedder": f"{unit.unit.org}/{unit.unit.kind}"},
        quality=against(spec, KIND, retrieval(ranking, asked), found_by),
        safety=safety(_by_exemplars(model, index), asked),
        latency=timed,
        datasets=data_sets(spec.channel("data")),
        base_model=adapter.base_name(unit.holding(adapter.FILES)),
        summary=_summary(unit, index),
        calibration={"embedder": unit.artifact, "thresholds": dict(least)},
        charts=_charts(asked, ranking, whole, timed),
    )


def _summary(unit: Shipped, index: Index) -> str:
    return (
        f"{len(index.ids):,} documents and {len(index.labels):,} exemplars of labels in the vectors of {unit.name}, turned "
        f"onto {index.dimension} axes and rounded to 8 bits, and the similarity from which on a prompt belongs to a type."
    )


def _by_exemplars(model: Embedder, index: Index) -> Callable[[Sequence[str]], list[str]]:
    return lambda texts: answers(index.similar_exemplars(model.vectors(texts)), index.labels)


def _charts(asked: Suite, ranking: Ranking, whole: Ranking, timed: Timed) -> dict[str, bytes]:
    items = asked.parts["retrieval"].items
    curves = {"this index": recall_curve(items, ranking), "vectors not rounded": recall_curve(items, whole)}
    return {"recall_at_k": charts.recall_at_k(curves), "latency": charts.latency(sides(timed))}


def _search(model: Embedder, index: Index) -> Answer:
    """Answers a question with its nearest document."""
    return lambda text: index.ids[int(index.similar_documents(model.vectors([text])).argmax())]


def _served(unit: Shipped, channel: str, spec: JobSpec, candidate: Embedder) -> tuple[Embedder, Index]:
    """Another index in the vectors of the embedder that it was measured with, on the candidate's device."""
    model = serving_model(_embedder_of(unit, channel, spec), spec.channel("base")).to(candidate.device)
    return model, read_index(unit.holding(FILES))


def _records(model: Embedder, index: Index, asked: Suite) -> Sequence[Record]:
    """What another index finds. Documents that this suite does not have are skipped, which can only help that index."""
    part, known = asked.parts["retrieval"], {row.id for row in asked.documents}
    ranking = ranked(part.items, index.similar_documents(model.vectors(part.texts)), index.ids)
    return retrieval({item: [one for one in found if one in known] for item, found in ranking.items()}, asked).records


def _embedder_of(serving: Shipped, of: str, spec: JobSpec) -> Shipped:
    """The embedder that an index belongs to; with another one it would be as fast, but its answers meaningless."""
    wanted = serving.unit.calibration.embedder if serving.unit.calibration else None
    own = f"{of}_embedder"
    channel = own if own in spec.channels else "embedder"
    found = shipped_unit(spec.channel(channel), "embedder")
    if found.artifact != wanted:
        raise ConfigError(
            f"{serving.name} was measured with the embedder {wanted}, and the channel {channel} holds {found.artifact}: "
            f"give the folder of the right one as --channel.{own}"
        )
    return found
