# SPDX-License-Identifier: Apache-2.0
"""How does a shipped embedder become an index in its vectors: what is indexed, and what is calibrated?

Nothing is learned. Everything stated here holds for that embedder alone, so its artifact digest is stated too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from training_images.data.rows import folder
from training_images.embedder.exemplars import exemplars
from training_images.embedder.learned import Learned, learned
from training_images.embedder.model import Embedder
from training_images.embedder.serving import serving_model
from training_images.evals import suite
from training_images.evals.leaks import check_data, least_of
from training_images.evals.suite import Suite
from training_images.job.job import Job
from training_images.job.result import Made
from training_images.job.unit_folder import shipped_unit
from training_images.learning import device
from training_images.retrieval_eval.calibration import PROMPT_TYPES, thresholds
from training_images.retrieval_eval.files import save_index
from training_images.retrieval_eval.index import Entries, built
from training_images.retrieval_eval.measured import measured

SETTINGS: Final = frozenset({"dimension"})
"""The settings of this image, besides those that every image takes."""
_EMBEDDER: Final = "embedder"
_DIMENSION: Final = 128
"""Number of axes kept. On the suite with a tuned embedder 128 lost 0.024 of nDCG, 192 lost 0.008, 256 lost 0.003;
rounding to 8 bits lost nothing measurable."""


def train(job: Job) -> Sequence[Made]:
    """Make one index, with all the evidence that the gates need.

    Channels: `embedder` (the folder of the unit whose vectors are used), `base` (the model that it was made for),
    `data`, `suite`, and `baseline` (the serving unit of this kind), with `baseline_embedder` if that was another one.
    """
    spec = job.spec
    asked = suite.asked(spec)
    dimension = spec.settings.integer("dimension", _DIMENSION, least=1)
    unit = shipped_unit(spec.channel(_EMBEDDER), _EMBEDDER)
    found, validation = learned(spec.channel("data"), asked), _validation(spec.channel("data"))
    model = serving_model(unit, spec.channel("base")).to(device.prepared(0))
    entries = _entries(model, found, asked)
    index = built(entries, dimension)
    save_index(index, job.folder)
    least = thresholds(index, {kind: model.vectors(texts) for kind, texts in validation.items()})
    return [measured(job, model, index=index, entries=entries, asked=asked, unit=unit, least=least)]


def _validation(data: Path) -> Mapping[str, Sequence[str]]:
    """The prompts that each type is calibrated on."""
    return {kind: _texts(data, name) for kind, name in PROMPT_TYPES.items()}


def _texts(data: Path, name: str) -> list[str]:
    """A data set's validation side, if the entries that its prompts are compared with hold none of it."""
    sides = {"train": folder(data, name, "train"), "val": folder(data, name, "val")}
    check_data(name, sides, least=least_of(name), most_shift=None)
    return [row.text for row in sides["val"]]


def _entries(model: Embedder, learned: Learned, asked: Suite) -> Entries:
    known = exemplars(learned.utterances)
    return Entries(
        documents=model.vectors([row.text for row in asked.documents]),
        ids=[row.id for row in asked.documents],
        exemplars=model.vectors([row.text for row in known]),
        labels=[row.label for row in known],
    )
