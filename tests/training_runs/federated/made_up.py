"""The image's trainer on three made-up sites, for every platform's layout to be tried with; a process of its own."""

import sys
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[3] / part) for part in ("", "functions")]

from training_images.federated.sources import Table  # noqa: E402 - after the path
from training_images.federated.train import unit  # noqa: E402 - as above
from training_images.job.run import run  # noqa: E402 - as above


def table() -> Table:
    draw = np.random.default_rng(0)
    owner = np.repeat(np.arange(150), 2)
    features = draw.random((300, 3))
    return Table(
        name="made-up",
        origin="made up",
        names=("x", "y", "z"),
        features=features,
        outcome=(draw.random(300) < features[:, 0]).astype(float),
        site=owner % 3,
        sites=("ada", "ben", "cem"),
        person=tuple(str(one) for one in owner),
        item=tuple(str(one) for one in range(300)),
    )


if __name__ == "__main__":
    sys.exit(run(lambda job: [unit(job, table())]))
