# SPDX-License-Identifier: Apache-2.0
"""Teachers: shipped units that return probabilities, either a language model with its adapter or a runtime."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from training_images.evals.labels import LABELS
from training_images.job.errors import ConfigError, Interrupted
from training_images.job.job import Job
from training_images.job.unit_folder import ShippedUnit, shipped_unit
from training_images.learning.length_batches import batches_by_length
from training_images.runtime_distilled.runtime import KIND as RUNTIME
from training_images.runtime_distilled.runtime import Runtime
from training_images.runtime_distilled.safe import safe
from training_images.textgen_lora.recipe import TEXTGEN
from training_images.textgen_lora.serving import serving_model

_CHUNK: Final = 256
"""Texts between two checks whether the platform wants to stop the job."""


class Answerer(Protocol):
    """A model with labels and their probabilities."""

    labels: tuple[str, ...]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of every label for every text: (texts, labels)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """A shipped unit and its model."""

    unit: ShippedUnit
    model: Answerer

    def probabilities(self, job: Job, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each of LABELS, in their order, for every text: (texts, 43).

        Raises:
            Interrupted: The platform stops the job; nothing was learned yet.
        """
        columns = [self.model.labels.index(label) for label in LABELS]
        probabilities = np.empty((len(texts), len(LABELS)))
        for rows in batches_by_length(texts, _CHUNK):
            if job.interrupted():
                raise Interrupted("the platform stopped the job while a teacher answered: nothing was learned yet")
            probabilities[rows] = self.model.probabilities([texts[row] for row in rows])[:, columns]
        return probabilities


def language_teacher(folder: Path, base: Path) -> Teacher:
    """A textgen-lora unit as a teacher, on its base model.

    Raises:
        ConfigError: The unit is not complete, may contain a pickle, or needs another base model.
    """
    unit = safe(shipped_unit(folder, TEXTGEN))
    return _teacher(unit, serving_model(unit, base))


def runtime_teacher(folder: Path) -> Teacher:
    """A runtime-distilled unit as a teacher.

    Raises:
        ConfigError: The unit is not complete, or may contain a pickle.
    """
    unit = safe(shipped_unit(folder, RUNTIME))
    return _teacher(unit, Runtime.of(unit))


def _teacher(unit: ShippedUnit, model: Any) -> Teacher:
    if set(model.labels) != set(LABELS):
        raise ConfigError(f"the {len(model.labels)} labels of {unit.name} are not the suite's {len(LABELS)}")
    return Teacher(unit=unit, model=model)
