# SPDX-License-Identifier: Apache-2.0
"""What is an index worth: right documents found in rounded vectors, safe answers, milliseconds from question to document?"""

from collections.abc import Mapping, Sequence
from typing import Final

from training_images.embedder.exemplars import answers
from training_images.embedder.learned import data_sets
from training_images.embedder.measured import questions
from training_images.embedder.model import Embedder
from training_images.embedder.ranking import Ranking, ranked, recall_curve
from training_images.embedder.serving import serving_model
from training_images.evals.another_suite import against
from training_images.evals.latency import Answer, Baseline, latencies, requests
from training_images.evals.retrieval import retrieval
from training_images.evals.scoring import SAFETY, scored
from training_images.evals.suite import Suite
from training_images.job import charts
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.made import Made, Record, Scored, Timed
from training_images.job.shipped import Shipped, shipped_unit
from training_images.job.spec import JobSpec
from training_images.learning.adapter import FILES, base_name
from training_images.retrieval_eval.files import ENTRIES, VECTORS, read_index
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
    timed = requests(spec, _search(model, index), questions(model, asked, spec), _baseline(spec, model))

    def found_by(unit: Shipped, channel: str) -> Sequence[Record]:
        return _records(*_served(unit, channel, spec, model), asked)

    return Made(
        kind=KIND,
        files=[ENTRIES, VECTORS],
        contract={"index_dimension": index.dimension, "embedder": f"{unit.unit.org}/{unit.unit.kind}"},
        quality=against(spec, KIND, retrieval(ranking, asked), found_by),
        safety={name: _safety(model, index, asked, name) for name in SAFETY},
        latency=timed,
        datasets=data_sets(spec.channel("data")),
        base_model=base_name(unit.holding(FILES)),
        summary=_summary(unit, index),
        calibration={"embedder": unit.artifact, "thresholds": dict(least)},
        charts=_charts(asked, ranking, whole, timed),
    )


def _summary(unit: Shipped, index: Index) -> str:
    return (
        f"{len(index.ids):,} documents and {len(index.labels):,} exemplars of labels in the vectors of {unit.name}, turned "
        f"onto {index.dimension} axes and rounded to 8 bits, and the similarity from which on a prompt belongs to a type."
    )


def _safety(model: Embedder, index: Index, asked: Suite, name: str) -> Scored:
    part = asked.parts[name]
    given = answers(index.similar_exemplars(model.vectors(part.texts)), index.labels)
    return scored(part, given, safety=True)


def _charts(asked: Suite, ranking: Ranking, whole: Ranking, timed: Timed) -> dict[str, bytes]:
    items = asked.parts["retrieval"].items
    curves = {"this index": recall_curve(items, ranking), "vectors not rounded": recall_curve(items, whole)}
    sides = {"this unit": latencies(timed.records), "baseline": latencies(timed.baseline)}
    return {"recall_at_k": charts.recall_at_k(curves), "latency": charts.latency(sides)}


def _search(model: Embedder, index: Index) -> Answer:
    """From a question to the nearest document."""
    return lambda text: index.ids[int(index.similar_documents(model.vectors([text])).argmax())]


def _baseline(spec: JobSpec, candidate: Embedder) -> Baseline | None:
    """What serves now, if its folder was given."""
    if "baseline" not in spec.channels:
        return None
    serving = shipped_unit(spec.channel("baseline"), KIND)
    return Baseline(artifact=serving.artifact, answer=_search(*_served(serving, "baseline", spec, candidate)))


def _served(unit: Shipped, channel: str, spec: JobSpec, candidate: Embedder) -> tuple[Embedder, Index]:
    """Another index in the vectors of the embedder that it was measured with, on the candidate's device."""
    model = serving_model(_embedder_of(unit, channel, spec), spec.channel("base")).to(candidate.device)
    return model, read_index(unit.path(VECTORS).parent)


def _records(model: Embedder, index: Index, asked: Suite) -> Sequence[Record]:
    """What another index finds; documents that this suite does not have are passed over, which only helps it."""
    part, known = asked.parts["retrieval"], {row.id for row in asked.documents}
    ranking = ranked(part.items, index.similar_documents(model.vectors(part.texts)), index.ids)
    return retrieval({item: [one for one in found if one in known] for item, found in ranking.items()}, asked).records


def _embedder_of(serving: Shipped, of: str, spec: JobSpec) -> Shipped:
    """The embedder that an index belongs to: another's vectors would be as fast, and mean nothing."""
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
