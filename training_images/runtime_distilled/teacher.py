# SPDX-License-Identifier: Apache-2.0
"""Which unit teaches, and what does it answer? A language model with its adapter, or a runtime, by probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from training_images.evals.labels import LABELS
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.unit_folder import Shipped, shipped_unit
from training_images.learning.length_batches import alike
from training_images.runtime_distilled.runtime import KIND as RUNTIME
from training_images.runtime_distilled.runtime import Runtime
from training_images.runtime_distilled.safe import safe
from training_images.textgen_lora.recipe import TEXTGEN
from training_images.textgen_lora.serving import serving_model

_AT_ONCE: Final = 256
"""Texts between two checks whether the platform wants to stop."""


class Answering(Protocol):
    """The model inside a teacher."""

    labels: tuple[str, ...]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts, labels)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """A shipped unit that answers."""

    unit: Shipped
    model: Answering

    def probabilities(self, job: Job, texts: Sequence[str]) -> NDArray[np.float64]:
        """The probability of each of LABELS, in their order, for every text: (texts, 43).

        Raises:
            Interrupted: The platform wants its machine back; nothing was learned yet.
        """
        columns = [self.model.labels.index(label) for label in LABELS]
        found = np.empty((len(texts), len(LABELS)))
        for rows in alike(texts, _AT_ONCE):
            if job.interrupted():
                raise job.leave(0)
            found[rows] = self.model.probabilities([texts[row] for row in rows])[:, columns]
        return found


def language(folder: Path, base: Path) -> Teacher:
    """A textgen-lora unit as a teacher, on its base model.

    Raises:
        ConfigError: The unit is not complete, may contain a pickle, or was made from another base model.
    """
    unit = safe(shipped_unit(folder, TEXTGEN))
    return _teacher(unit, serving_model(unit, base))


def small(folder: Path) -> Teacher:
    """A runtime-distilled unit as a teacher.

    Raises:
        ConfigError: The unit is not complete, or may contain a pickle.
    """
    unit = safe(shipped_unit(folder, RUNTIME))
    return _teacher(unit, Runtime.of(unit))


def _teacher(unit: Shipped, model: Any) -> Teacher:
    if set(model.labels) != set(LABELS):
        raise ConfigError(f"{unit.name} answers with {len(model.labels)} labels that are not the suite's {len(LABELS)}")
    return Teacher(unit=unit, model=model)
