# SPDX-License-Identifier: Apache-2.0
"""How well does a score separate two classes, and how certain is that?

AUC is the probability that a positive row scores above a negative one; ties count half (Hanley, McNeil 1982). A row's
placement is the share of the other class that it is on the right side of (DeLong et al. 1988). Weighted by how rare the
row's class is, placements become scores of single items whose mean is the AUC. Intervals resample whole persons, with
the same draws for two models that are compared.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training_images.federated.model import Vector

DRAWS: Final = 1000
_CHANCE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number and its 95 % percentile interval. With a single class nothing can be measured, and all three are NaN."""

    estimate: float
    low: float
    high: float


def auc(scores: Vector, outcome: Vector) -> float:
    """The area; NaN if one class is missing."""
    return float(aucs(scores, outcome, np.ones((1, len(scores))))[0])


def aucs(scores: Vector, outcome: Vector, weights: NDArray[np.float64]) -> Vector:
    """The area for each row of `weights` (samples by rows); NaN if a sample lacks a class."""
    order = np.argsort(scores, kind="stable")
    _, start = np.unique(scores[order], return_index=True)
    positive, negative = ((weights * side)[:, order] for side in (outcome, 1 - outcome))
    up, down = np.add.reduceat(positive, start, axis=1), np.add.reduceat(negative, start, axis=1)
    below = np.cumsum(down, axis=1) - down
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    won = (up * (below + down / 2)).sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)


def parts(scores: Vector, outcome: Vector) -> Vector:
    """Each row's part in the AUC: their mean is the AUC, and its standard error is that of DeLong et al. 1988.

    A part is the AUC plus the row's influence on it: its placement less the AUC, times the number of all rows over that
    of its class. A part may lie outside 0 to 1. If one class is missing nothing can be ranked, and every part is
    chance: 0.5.
    """
    positive = outcome == 1
    if positive.all() or not positive.any():
        return np.full(len(scores), _CHANCE)
    below = _share_below(scores, np.sort(scores[~positive]))
    above = 1.0 - _share_below(scores, np.sort(scores[positive]))
    placement, own = np.where(positive, below, above), np.where(positive, positive.sum(), (~positive).sum())
    area = float(below[positive].mean())
    shares: Vector = area + (placement - area) * len(scores) / own
    return shares


def _share_below(scores: Vector, ordered: Vector) -> Vector:
    """For each score, the share of the ordered scores below it; ties count half."""
    low, high = (np.searchsorted(ordered, scores, side=side) for side in ("left", "right"))
    shares: Vector = (low + high) / 2 / len(ordered)
    return shares


def draws(person: NDArray[np.str_], seed: int, number: int = DRAWS) -> NDArray[np.float64]:
    """How often each row counts in each of `number` samples of persons: a matrix, one row per sample."""
    names, owner = np.unique(person, return_inverse=True)
    times = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=number)
    weights: NDArray[np.float64] = times[:, owner].astype(np.float64)
    return weights


def area(scores: Vector, outcome: Vector, weights: NDArray[np.float64]) -> Measured:
    """AUC with its interval."""
    return _measured(auc(scores, outcome), aucs(scores, outcome, weights))


def difference(mine: Vector, other: Vector, outcome: Vector, weights: NDArray[np.float64]) -> Measured:
    """AUC of one score minus that of another on the same rows, paired within each sample."""
    apart = aucs(mine, outcome, weights) - aucs(other, outcome, weights)
    return _measured(auc(mine, outcome) - auc(other, outcome), apart)


def _measured(estimate: float, samples: NDArray[np.float64]) -> Measured:
    usable = samples[np.isfinite(samples)]
    if not usable.size or not np.isfinite(estimate):
        return Measured(estimate=float("nan"), low=float("nan"), high=float("nan"))
    low, high = np.quantile(usable, [0.025, 0.975])
    return Measured(estimate=estimate, low=float(low), high=float(high))
