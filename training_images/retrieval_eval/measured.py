# SPDX-License-Identifier: Apache-2.0
"""What is an index worth: right documents found in rounded vectors, safe answers, milliseconds from question to document?"""

from collections.abc import Mapping
from typing import Final

from training_images.embedder.exemplars import answers
from training_images.embedder.learned import data_sets
from training_images.embedder.measured import questions
from training_images.embedder.model import Embedder
from training_images.embedder.ranking import Ranking, ranked, recall_curve
from training_images.embedder.serving import serving_model
from training_images.embedder.unpack import NAME
from training_images.evals.latency import Answer, Baseline, latencies, requests
from training_images.evals.retrieval import retrieval
from training_images.evals.scoring import SAFETY, scored
from training_images.evals.suite import Suite
from training_images.job import charts
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.made import Made, Scored, Timed
from training_images.job.shipped import Shipped, shipped_unit
from training_images.job.spec import JobSpec
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
    timed = requests(spec, _search(model, index), questions(model, asked, spec), _baseline(spec))
    return Made(
        kind=KIND,
        files=[ENTRIES, VECTORS],
        contract={"index_dimension": index.dimension, "embedder": f"{unit.unit.org}/{unit.unit.kind}"},
        quality=retrieval(ranking, asked),
        safety={name: _safety(model, index, asked, name) for name in SAFETY},
        latency=timed,
        datasets=data_sets(spec.channel("data")),
        base_model=NAME,
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


def _baseline(spec: JobSpec) -> Baseline | None:
    """What serves now, if its folder was given, in the vectors of the embedder that it was measured with."""
    if "baseline" not in spec.channels:
        return None
    serving = shipped_unit(spec.channel("baseline"), KIND)
    embedder = _embedder_of(serving, spec)
    model = serving_model(embedder, spec.channel("base"))
    index = read_index(serving.path(VECTORS).parent)
    return Baseline(artifact=serving.artifact, answer=_search(model, index))


def _embedder_of(serving: Shipped, spec: JobSpec) -> Shipped:
    """The embedder that an index belongs to: another's vectors would be as fast, and mean nothing."""
    wanted = serving.unit.calibration.embedder if serving.unit.calibration else None
    channel = "baseline_embedder" if "baseline_embedder" in spec.channels else "embedder"
    found = shipped_unit(spec.channel(channel), "embedder")
    if found.artifact != wanted:
        raise ConfigError(
            f"{serving.name} was measured with the embedder {wanted}, and the channel {channel} holds {found.artifact}: "
            "give the folder of the right one as --channel.baseline_embedder"
        )
    return found
