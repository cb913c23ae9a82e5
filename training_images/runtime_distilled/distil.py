# SPDX-License-Identifier: Apache-2.0
"""Distillation: a student learns a teacher's probabilities (Hinton et al. 2015, https://arxiv.org/abs/1503.02531).

Student and teacher are compared at a temperature. That term is multiplied by the temperature's square, so that its share
of the gradient does not depend on it. The other term is the true label; texts without a teacher's answer have only that.
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
from training_images.runtime_distilled.graph import write_quantised
from training_images.runtime_distilled.lessons import Batch, Lessons, batches
from training_images.runtime_distilled.recipe import Recipe
from training_images.runtime_distilled.student import Student

_LEAST: Final = 1e-9
"""Least probability: a lower one is raised to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherAnswers:
    """The teachers' answers to some of the lessons.

    Args:
        rows: The indices of these lessons.
        probabilities: The teachers' combined answers: (rows, labels). Another processor may round them differently.
        artifacts: The teachers' artifact digests.
    """

    rows: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    artifacts: Sequence[str]


def distil(job: Job, lessons: Lessons, answers: TeacherAnswers, recipe: Recipe) -> Student:
    """Train a student, and write it into the job's folder as the three files of a runtime.

    Raises:
        ConfigError: The loss is not a number.
        Interrupted: The platform stops the job; a checkpoint was saved.
    """
    torch_device = device.prepare_device(recipe.seed)
    tokenizer = vocabulary.build_tokenizer([row.text for row in lessons.rows], recipe.vocabulary, recipe.longest)
    student = Student(recipe.shape(tokenizer.get_vocab_size(), len(LABELS))).to(torch_device)
    loss = _Loss(lessons, answers, recipe, torch_device)
    fit(
        job,
        dict(student.named_parameters()),
        batches(lessons, tokenizer, recipe),
        lambda batch: loss.of(student, batch),
        schedule=Schedule(rate=recipe.rate),
        besides=(answers.rows, tuple(answers.artifacts), lessons.labels),
    )
    student.cpu().eval()
    write_quantised(student, job.folder / runtime.MODEL)
    (job.folder / runtime.TOKENIZER).write_text(tokenizer.to_str(), encoding="utf-8")
    (job.folder / runtime.LABELS).write_bytes(msgspec.json.encode(LABELS))
    return student


class _Loss:
    """The loss of a batch, and the tensors that all batches share."""

    def __init__(self, lessons: Lessons, answers: TeacherAnswers, recipe: Recipe, torch_device: torch.device) -> None:
        targets = np.zeros((len(lessons.rows), len(LABELS)), dtype=np.float32)
        targets[answers.rows] = _softened(answers.probabilities, recipe.temperature)
        teacher_share = np.zeros(len(lessons.rows), dtype=np.float32)
        teacher_share[answers.rows] = recipe.alpha
        self._targets, self._teacher_share = (
            torch.from_numpy(targets).to(torch_device),
            torch.from_numpy(teacher_share).to(torch_device),
        )
        self._labels = torch.from_numpy(lessons.labels).to(torch_device)
        self._temperature, self._device = recipe.temperature, torch_device

    def of(self, student: Any, batch: Batch) -> Tensor:
        """The mean loss over the batch."""
        summed = sum(self._summed(student(tokens.to(self._device)), rows) for tokens, rows in batch.parts)
        return torch.as_tensor(summed) / sum(len(rows) for _, rows in batch.parts)

    def _summed(self, logits: Tensor, lesson_numbers: NDArray[np.int64]) -> Tensor:
        rows = torch.from_numpy(lesson_numbers).to(self._device)
        softened = log_softmax(logits / self._temperature, dim=1)
        teacher = kl_div(softened, self._targets[rows], reduction="none").sum(dim=1) * self._temperature**2
        truth = cross_entropy(logits, self._labels[rows], reduction="none")
        teacher_share = self._teacher_share[rows]
        return (teacher_share * teacher + (1 - teacher_share) * truth).sum()


def _softened(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """The same distributions at a temperature."""
    powers = np.maximum(probabilities, _LEAST) ** (1 / temperature)
    softened: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return softened
