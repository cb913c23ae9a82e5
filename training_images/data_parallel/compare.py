# SPDX-License-Identifier: Apache-2.0
"""Do a ring and a server reach the weights of a single process, and what does each send to get there?

python -m training_images.data_parallel.compare --data build/data [--steps 60] [--batch 64] [--json FILE]
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from training_images.data_parallel import processes
from training_images.data_parallel.account import Account, account
from training_images.data_parallel.recipe import Exchange, Recipe, share
from training_images.data_parallel.task import OUTCOME, Outcome, Task
from training_images.job.settings import from_arguments
from training_images.learning import checkpoint

TRIALS: Final[Sequence[tuple[Exchange, int]]] = (("ring", 1), ("ring", 2), ("server", 3))
"""A single process, two processes in a ring, and two with a server between them."""
KEPT: Final = f"checkpoints/{checkpoint.FILE}"
_WORDS: Final = ("exchange", "processes", "step ms", "examples/s", "bytes a step", "by theory", "away from one alone")


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One way to learn, and what came of it.

    Args:
        account: What was exchanged.
        examples: Examples learned from per second.
        away: The largest difference of any weight from the single process's, where weights are of order 1.
    """

    account: Account
    examples: float
    away: float


def trials(data: Path, how: Recipe) -> Iterator[Trial]:
    """Learn the same in several ways; the first is the one that the others are compared with."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / str(number) for number, _ in enumerate(TRIALS)]
        for folder, (exchange, world) in zip(folders, TRIALS, strict=True):
            told = learned(data, replace(how, exchange=exchange, keep=how.steps), world, folder)
            away = apart(folders[0] / KEPT, folder / KEPT)
            yield Trial(account=told, examples=how.batch * 1000 / told.step_ms, away=away)


def learned(data: Path, how: Recipe, world: int, folder: Path, stopping: Callable[[], bool] = lambda: False) -> Account:
    """Learn on this machine with `world` processes; checkpoints and weights stay in the folder."""
    processes.carried_out(tasks_here(data, how, world, folder), stopping)
    return account(how.exchange, msgspec.json.decode((folder / OUTCOME).read_bytes(), type=Outcome))


def tasks_here(data: Path, how: Recipe, world: int, folder: Path) -> list[Task]:
    """The tasks of all processes, on this machine."""
    share(how, world)
    folder.mkdir(parents=True, exist_ok=True)
    port = processes.free_port()
    return [
        Task(
            rank=rank,
            local=rank,
            world=world,
            master="127.0.0.1",
            port=port,
            parent=os.getpid(),
            how=how,
            data=str(data),
            checkpoints=str(folder / "checkpoints"),
            folder=str(folder),
        )
        for rank in range(world)
    ]


def apart(one: Path, other: Path) -> float:
    """The largest difference between the weights of two checkpoints."""
    left, right = checkpoint.weights_in(one), checkpoint.weights_in(other)
    return max(float((left[name] - right[name]).abs().max()) for name in left)


def _line(trial: Trial) -> str:
    told = trial.account
    carried = max(told.wire) if told.wire else max(told.tensors)
    numbers = (
        f"{told.step_ms:.1f}",
        f"{trial.examples:,.0f}",
        f"{carried:,}",
        f"{max(told.expected):,}",
        f"{trial.away:.2g}",
    )
    return " | ".join((told.exchange if told.processes > 1 else "alone", str(told.processes), *numbers))


def main(arguments: Sequence[str]) -> None:
    """Print a table; also write it as JSON if a file is named."""
    ask = from_arguments(arguments)
    how = Recipe(steps=ask.integer("steps", 60, least=1), batch=ask.integer("batch", 64, least=1))
    print(" | ".join(_WORDS))
    found = []
    for trial in trials(Path(ask.text("data")), how):
        found.append(trial)
        print(_line(trial))
    if "json" in ask.given:
        Path(ask.text("json")).write_bytes(msgspec.json.format(msgspec.json.encode(found)))


if __name__ == "__main__":
    main(sys.argv[1:])
