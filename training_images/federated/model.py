# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of a logistic regression that several learn together (FedAvg; McMahan et al. 2017, arXiv:1602.05629).

Weights are one vector: one coefficient per predictor, then the intercept. Everything that a member sends is a sum over
its rows, so the members' sums add up to sums over all rows, under masks too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
_LEAST_SPREAD = 1e-3
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What is subtracted from every predictor, and what it is divided by."""

    centre: Vector
    spread: Vector

    def applied(self, features: Vector) -> Vector:
        """Standardised predictors, and a last column of ones."""
        return np.column_stack([(features - self.centre) / self.spread, np.ones(len(features))])


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTraining:
    """How a member learns between two messages: full-batch steps, with a pull towards zero on the coefficients."""

    steps: int
    rate: float
    decay: float


def moments(features: Vector) -> Vector:
    """Each predictor's sum and sum of squares, and the number of rows."""
    return np.concatenate([features.sum(axis=0), (features**2).sum(axis=0), [float(len(features))]])


def scale(summed: Vector) -> Scale:
    """Mean and standard deviation over all rows, from all members' moments; nearly constant columns are not scaled."""
    size = (len(summed) - 1) // 2
    count = summed[-1]
    mean = summed[:size] / count
    spread = np.sqrt(np.maximum(summed[size:-1] / count - mean**2, 0.0))
    return Scale(centre=mean, spread=np.where(spread < _LEAST_SPREAD, 1.0, spread))


def public_scale(size: int) -> Scale:
    """A scale that needs no look at the data: by their public bounds, predictors lie between 0 and 1."""
    return Scale(centre=np.full(size, 0.5), spread=np.full(size, 0.5))


def probability(weights: Vector, inputs: Vector) -> Vector:
    """The probability of the outcome for each standardised row."""
    return 1.0 / (1.0 + np.exp(-np.clip(inputs @ weights, -50.0, 50.0)))


def gradient_descent(weights: Vector, inputs: Vector, outcome: Vector, course: LocalTraining) -> Vector:
    """The weights after a member's own steps."""
    pull = np.append(np.full(len(weights) - 1, course.decay), 0.0)
    for _ in range(course.steps):
        slope = inputs.T @ (probability(weights, inputs) - outcome) / len(outcome)
        weights = weights - course.rate * (slope + pull * weights)
    return weights


def loss(weights: Vector, inputs: Vector, outcome: Vector) -> float:
    """Summed negative log-likelihood over the rows, in nats."""
    chance = np.clip(probability(weights, inputs), _TINY, 1.0 - _TINY)
    return float(-(outcome * np.log(chance) + (1.0 - outcome) * np.log1p(-chance)).sum())
