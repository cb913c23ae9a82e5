# SPDX-License-Identifier: Apache-2.0
"""Builds an index of a shipped embedder's vectors, and calibrates the routes.

Nothing is trained. Index and thresholds are valid for that embedder only, so the unit states its artifact digest.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from training_images.data.rows import folder
from training_images.embedder.exemplars import exemplars
from training_images.embedder.learned import TrainingData, read_training_data
from training_images.embedder.model import Embedder
from training_images.embedder.serving import serving_model
from training_images.evals import suite
from training_images.evals.leaks import check_data, least_of
from training_images.evals.remeasured import open_early
from training_images.evals.suite import Suite
from training_images.job.errors import Interrupted
from training_images.job.job import Job
from training_images.job.result import UnitResult
from training_images.job.unit_folder import shipped_unit
from training_images.learning import device
from training_images.retrieval_eval.calibration import PROMPT_TYPES, thresholds
from training_images.retrieval_eval.files import save_index
from training_images.retrieval_eval.index import Entries, build_index
from training_images.retrieval_eval.measured import KIND, load_index, measure

SETTINGS: Final = frozenset({"dimension"})
"""The settings of this image, besides those that every image takes."""
_EMBEDDER: Final = "embedder"
_DIMENSION: Final = 128
"""Default number of axes. With a tuned embedder, 128 axes lost 0.024 of nDCG on the suite, 192 lost 0.008, 256 lost
0.003; quantisation to 8 bits lost nothing measurable."""


def train(job: Job) -> Sequence[UnitResult]:
    """Make one index, with all the evidence that the gates need.

    Channels: `embedder` (the folder of the unit whose vectors are used), `base` (the model that it adapts),
    `data`, `suite`, and `baseline` (the serving unit of this kind), with `baseline_embedder` if its embedder is another.
    """
    job.on_interruption(lambda: Interrupted("the platform stopped the job; this image saves no checkpoint"))
    spec = job.spec
    eval_suite = suite.load_suite(spec)
    dimension = spec.settings.integer("dimension", _DIMENSION, least=1)
    embedder = shipped_unit(spec.channel(_EMBEDDER), _EMBEDDER)
    training_data, validation = read_training_data(spec.channel("data"), eval_suite), _validation(spec.channel("data"))
    model = serving_model(embedder, spec.channel("base")).to(device.prepare_device(0))
    digest = eval_suite.parts["retrieval"].digest
    open_early(spec, KIND, digest, lambda unit, channel: load_index(unit, channel, spec, model))
    entries = _entries(model, training_data, eval_suite)
    index = build_index(entries, dimension)
    save_index(index, job.folder)
    minimal = thresholds(index, {kind: model.vectors(texts) for kind, texts in validation.items()})
    return [measure(job, model, index=index, entries=entries, suite=eval_suite, embedder=embedder, thresholds=minimal)]


def _validation(data: Path) -> Mapping[str, Sequence[str]]:
    """The prompts that calibrate each type."""
    return {prompt_type: _texts(data, name) for prompt_type, name in PROMPT_TYPES.items()}


def _texts(data: Path, name: str) -> list[str]:
    """The texts of a data set's validation split.

    Raises:
        ConfigError: The split is empty or malformed, or overlaps the training split.
    """
    sides = {"train": folder(data, name, "train"), "val": folder(data, name, "val")}
    check_data(name, sides, least=least_of(name), most_shift=None)
    return [row.text for row in sides["val"]]


def _entries(model: Embedder, learned: TrainingData, suite: Suite) -> Entries:
    exemplar_rows = exemplars(learned.utterances)
    return Entries(
        documents=model.vectors([row.text for row in suite.documents]),
        ids=[row.id for row in suite.documents],
        exemplars=model.vectors([row.text for row in exemplar_rows]),
        labels=[row.label for row in exemplar_rows],
    )
