# SPDX-License-Identifier: Apache-2.0
"""Small made-up members: people with several rows each, whose outcome depends on two of three predictors."""

import numpy as np

from training_images.federated.parting import Rows
from training_images.federated.rounds import Plan

PREDICTORS = 3


def rows(name, people=60, seed=0):
    draw = np.random.default_rng([seed, len(name), *name.encode()])
    person = np.repeat(np.arange(people), draw.integers(1, 4, size=people))
    features = draw.random((len(person), PREDICTORS))
    chance = 1 / (1 + np.exp(-(4 * features[:, 0] - 3 * features[:, 1] - 0.5)))
    return Rows(
        member=name,
        features=features,
        outcome=(draw.random(len(person)) < chance).astype(np.float64),
        test=person % 3 == 0,
        person=np.array([f"{name}-p{one}" for one in person]),
        item=np.array([f"{name}-i{one}" for one in range(len(person))]),
    )


def members(*names):
    return [rows(name) for name in names]


def plan(everybody, **changed):
    return Plan(**{"run": "trial", "members": tuple(everybody), "predictors": PREDICTORS, "rounds": 3, **changed})
