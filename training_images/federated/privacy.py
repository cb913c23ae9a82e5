# SPDX-License-Identifier: Apache-2.0
"""How does a member learn so that its answers do not reveal any single person?

DP-SGD (Abadi et al. 2016, arXiv:1607.00133) with the person as the unit: a person's gradient is the sum over all of
their rows, and is clipped as one. A step draws every person with the same probability (Poisson), adds normal noise to
the clipped sum, and divides by the expected number of persons, which does not depend on who was drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training_images.federated.model import Vector, probability


@dataclass(frozen=True, slots=True, kw_only=True)
class DpSgdConfig:
    """How strong the privacy is.

    Args:
        noise: Standard deviation of the noise, in units of `clip`.
        clip: Greatest Euclidean norm of one person's gradient.
        chance: Probability that a person is drawn in a step.
        steps: Number of steps between two messages.
        rate: Length of a step.
    """

    noise: float
    clip: float
    chance: float
    steps: int
    rate: float


def dp_sgd(
    weights: Vector,
    inputs: Vector,
    outcome: Vector,
    person: NDArray[np.str_],
    *,
    course: DpSgdConfig,
    draw: np.random.Generator,
) -> Vector:
    """The weights after a member's own noisy steps."""
    names, owner = np.unique(person, return_inverse=True)
    for _ in range(course.steps):
        in_step = draw.random(len(names)) < course.chance
        rows = in_step[owner]
        clipped = clipped_sum(weights, inputs[rows], outcome[rows], owner[rows], persons=len(names), clip=course.clip)
        noise = draw.normal(0.0, course.noise * course.clip, size=len(weights)) if course.noise else 0.0
        weights = weights - course.rate * (clipped + noise) / (course.chance * len(names))
    return weights


def clipped_sum(
    weights: Vector, inputs: Vector, outcome: Vector, owner: NDArray[np.int64], *, persons: int, clip: float
) -> Vector:
    """The sum of the persons' gradients, each clipped to the norm `clip`.

    A gradient that is not finite counts as zero. Otherwise one person could be seen despite the noise, and the sender of
    weights and scale could choose the person.
    """
    each = np.zeros((persons, len(weights)))
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = inputs * (probability(weights, inputs) - outcome)[:, None]
        np.add.at(each, owner, slopes)
        each[~np.isfinite(each).all(axis=1)] = 0.0
        norms = np.linalg.norm(each, axis=1)
    summed: Vector = (each * np.minimum(1.0, clip / np.maximum(norms, 1e-12))[:, None]).sum(axis=0)
    return summed
