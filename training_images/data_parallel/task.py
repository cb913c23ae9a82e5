# SPDX-License-Identifier: Apache-2.0
"""What does a process get at its start, and what does it report at its end?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from training_images.data_parallel.recipe import Recipe

WEIGHTS: Final = "router.safetensors"
"""File of the weights, which rank 0 writes into the task's folder."""
OUTCOME: Final = "outcome.json"
"""File of the outcome, which rank 0 writes after the weights."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One of `world` processes.

    Args:
        rank: Number of this process.
        local: Number of this process on its machine.
        world: Number of processes.
        master: Host of rank 0.
        port: Port of rank 0.
        parent: Id of the process that started this one.
        how: The recipe.
        data: Folder of the data sets.
        checkpoints: Folder that survives an interruption; rank 0's is used.
        folder: Folder for what the process reports.
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
        """File of the task itself."""
        return Path(self.folder) / f"task-{self.rank}.json"

    @property
    def sentence(self) -> Path:
        """File for the sentence that says why the process failed."""
        return Path(self.folder) / f"failure-{self.rank}.txt"


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What one process counted.

    Args:
        digest: SHA-256, in hexadecimal digits, of the weights that it ended with.
        tensors: Bytes of tensors that it handed over for sending, or received, in all steps.
        sent: Bytes that its TCP connections sent in all steps; -1 if they were not counted.
        received: Bytes that they received; -1 if they were not counted.
        microseconds: Duration of all steps.
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
        steps: Steps done in this run, without those before an interruption.
        loss_steps: Steps at which the loss was logged.
        losses: Mean loss of all workers at those steps.
        ledgers: One per process, in order of rank.
    """

    model: int
    steps: int
    loss_steps: Sequence[int]
    losses: Sequence[float]
    ledgers: Sequence[Ledger]


def write_document(path: Path, document: msgspec.Struct) -> None:
    """Write a document; the file appears in one move."""
    half = path.with_suffix(".half")
    half.write_bytes(msgspec.json.encode(document))
    half.replace(path)
