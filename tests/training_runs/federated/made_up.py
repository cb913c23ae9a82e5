# SPDX-License-Identifier: Apache-2.0
"""The image's trainer on three made-up sites, for every platform's layout to be tried with; a process of its own."""

import sys
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[3] / part) for part in ("", "functions")]

from training_images.federated.sources import Column, Table  # noqa: E402 - after the path
from training_images.federated.train import unit  # noqa: E402 - as above
from training_images.job.run import run  # noqa: E402 - as above

PEOPLE = 600


def table() -> Table:
    draw = np.random.default_rng(0)
    owner = np.repeat(np.arange(PEOPLE), 2)
    features = draw.random((len(owner), 3))
    chance = 1 / (1 + np.exp(-(6 * features[:, 0] - 4 * features[:, 1] - 1)))
    return Table(
        name="made-up",
        origin="made up",
        columns=tuple(Column(name=name) for name in ("x", "y", "z")),
        names=("x", "y", "z"),
        features=features,
        outcome=(draw.random(len(owner)) < chance).astype(float),
        site=owner % 3,
        sites=("ada", "ben", "cem"),
        person=tuple(str(one) for one in owner),
        item=tuple(str(one) for one in range(len(owner))),
    )


if __name__ == "__main__":
    sys.exit(run(lambda job: [unit(job, table())]))
