# SPDX-License-Identifier: Apache-2.0
"""What is one process told, and what does it tell when it is done?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from training_images.data_parallel.recipe import Recipe

WEIGHTS: Final = "router.safetensors"
"""Written by rank 0 into the task's folder."""
OUTCOME: Final = "outcome.json"
"""Written by rank 0 after the weights."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One of `world` processes.

    Args:
        rank: Which one.
        local: Which one on its machine.
        world: How many there are.
        master: Host of rank 0.
        port: Where rank 0 is met.
        parent: Process that started this one.
        how: The recipe.
        data: Folder of the data sets.
        checkpoints: Folder that survives an interruption; rank 0's is used.
        folder: Where it leaves what it has to say.
    """

    rank: int
    local: int
    world: int
    master: str
    port: int
    parent: int
    how: Recipe
    data: str
    checkpoints: str
    folder: str

    @property
    def file(self) -> Path:
        """Where the task itself lies."""
        return Path(self.folder) / f"task-{self.rank}.json"

    @property
    def sentence(self) -> Path:
        """Where it says why it failed."""
        return Path(self.folder) / f"failure-{self.rank}.txt"


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What one process counted.

    Args:
        digest: SHA-256 of the weights that it ended with, in hexadecimal digits.
        tensors: Bytes of tensors that it handed over to be sent, or took, in all steps.
        sent: Bytes that its TCP connections sent in all steps; -1 where nobody counts.
        received: Bytes that they received; -1 where nobody counts.
        microseconds: That all steps took.
    """

    digest: str
    tensors: int
    sent: int
    received: int
    microseconds: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What rank 0 knows when all are done.

    Args:
        model: Bytes of the weights as they are exchanged.
        steps: That were done now, without those before an interruption.
        told: Steps of which the loss was told.
        losses: Mean loss of all workers at those steps.
        ledgers: One a process, in the order of ranks.
    """

    model: int
    steps: int
    told: Sequence[int]
    losses: Sequence[float]
    ledgers: Sequence[Ledger]


def written(path: Path, document: msgspec.Struct) -> None:
    """Write a document, the file in one move."""
    half = path.with_suffix(".half")
    half.write_bytes(msgspec.json.encode(document))
    half.replace(path)
