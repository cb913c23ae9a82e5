# SPDX-License-Identifier: Apache-2.0
"""What do two workers exchange in a ring, and through a server? `python -m bench.training_exchange` prints JSON."""

import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from bench import training_world
from training_images.data.rows import write
from training_images.data_parallel import compare
from training_images.data_parallel.recipe import Recipe
from training_images.evals.training_sets import SETS

_STEPS: Final = 20
_ROWS: Final = 400


def main() -> None:
    """Run a single process, two in a ring, and two with a server between them."""
    with tempfile.TemporaryDirectory(prefix="federation-bench-") as name:
        for seed, data in enumerate(SETS):
            write(Path(name) / data / "train.jsonl", training_world.utterances(_ROWS, seed=seed))
        found = list(compare.trials(Path(name), Recipe(steps=_STEPS)))
    sys.stdout.buffer.write(b"\n" + msgspec.json.encode(found))


if __name__ == "__main__":
    main()
