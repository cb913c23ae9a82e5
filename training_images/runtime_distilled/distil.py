# SPDX-License-Identifier: Apache-2.0
"""How does a student learn a teacher's probabilities? Hinton, Vinyals and Dean 2015, https://arxiv.org/abs/1503.02531.

The teacher is compared at a temperature; the term is multiplied by the temperature's square, so that its share of the
gradient stays the same. Every text also has its true label; a text that the teacher was not asked about has only that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from training_images.evals.labels import LABELS
from training_images.job.job import Job
from training_images.learning import device
from training_images.learning.loop import Schedule, fit
from training_images.runtime_distilled import runtime, vocabulary
from training_images.runtime_distilled.graph import quantised
from training_images.runtime_distilled.lessons import Batch, Lessons, batches
from training_images.runtime_distilled.recipe import Recipe
from training_images.runtime_distilled.student import Student

_LEAST: Final = 1e-9
"""Floor of a probability, since zero has no logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """What the teachers taught.

    Args:
        rows: The lessons that the teachers were asked about.
        probabilities: Their joint answers: (rows, labels). Another processor rounds them differently.
        artifacts: The teachers' artifact digests.
    """

    rows: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    artifacts: Sequence[str]


def distilled(job: Job, learned: Lessons, taught: Taught, how: Recipe) -> Student:
    """Train the student; also write it into the job's folder as the three files of a runtime.

    Raises:
        ConfigError: The loss is not a number.
        Interrupted: The platform wants its machine back; a checkpoint was kept.
    """
    place = device.prepared(how.seed)
    tokenizer = vocabulary.learned([row.text for row in learned.rows], how.vocabulary, how.longest)
    student = Student(how.shape(tokenizer.get_vocab_size(), len(LABELS))).to(place)
    loss = _Loss(learned, taught, how, place)
    fit(
        job,
        dict(student.named_parameters()),
        batches(learned, tokenizer, how),
        lambda batch: loss.of(student, batch),
        schedule=Schedule(rate=how.rate),
        besides=(taught.rows, tuple(taught.artifacts), learned.labels),
    )
    student.cpu().eval()
    quantised(student, job.folder / runtime.MODEL)
    (job.folder / runtime.TOKENIZER).write_text(tokenizer.to_str(), encoding="utf-8")
    (job.folder / runtime.LABELS).write_bytes(msgspec.json.encode(LABELS))
    return student


class _Loss:
    """The loss of a batch, with everything that all batches share."""

    def __init__(self, learned: Lessons, taught: Taught, how: Recipe, place: torch.device) -> None:
        told = np.zeros((len(learned.rows), len(LABELS)), dtype=np.float32)
        told[taught.rows] = _softened(taught.probabilities, how.temperature)
        share = np.zeros(len(learned.rows), dtype=np.float32)
        share[taught.rows] = how.alpha
        self._told, self._share = torch.from_numpy(told).to(place), torch.from_numpy(share).to(place)
        self._right = torch.from_numpy(learned.labels).to(place)
        self._temperature, self._place = how.temperature, place

    def of(self, student: Any, batch: Batch) -> Tensor:
        """The mean over the batch."""
        summed = sum(self._summed(student(tokens.to(self._place)), rows) for tokens, rows in batch.parts)
        return torch.as_tensor(summed) / sum(len(rows) for _, rows in batch.parts)

    def _summed(self, logits: Tensor, numbers: NDArray[np.int64]) -> Tensor:
        rows = torch.from_numpy(numbers).to(self._place)
        softened = log_softmax(logits / self._temperature, dim=1)
        teacher = kl_div(softened, self._told[rows], reduction="none").sum(dim=1) * self._temperature**2
        truth = cross_entropy(logits, self._right[rows], reduction="none")
        share = self._share[rows]
        return (share * teacher + (1 - share) * truth).sum()


def _softened(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """The same distribution at a higher temperature."""
    raised = np.maximum(probabilities, _LEAST) ** (1 / temperature)
    found: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return found
