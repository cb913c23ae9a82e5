# SPDX-License-Identifier: Apache-2.0
"""Do a ring and a server reach the weights of a single process, and how much does each send?

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
from training_images.job.errors import CONFIGURED_WRONG, ConfigError
from training_images.job.settings import from_arguments
from training_images.learning import checkpoint

TRIALS: Final[Sequence[tuple[Exchange, int]]] = (("ring", 1), ("ring", 2), ("server", 3))
"""A single process, two processes in a ring, and two with a server between them."""
KEPT: Final = f"checkpoints/{checkpoint.FILE}"
_WORDS: Final = ("exchange", "processes", "step ms", "examples/s", "bytes a step", "by theory", "away from one alone")


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One way to train, and its result.

    Args:
        account: The bytes and time per step.
        examples: Examples learned from per second.
        away: The largest difference of any weight from the single process's, where weights are of order 1.
    """

    account: Account
    examples: float
    away: float


def trials(data: Path, how: Recipe) -> Iterator[Trial]:
    """Train the same model in several ways; the others are compared with the first."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / str(number) for number, _ in enumerate(TRIALS)]
        for folder, (exchange, world) in zip(folders, TRIALS, strict=True):
            trial_account = learned(data, replace(how, exchange=exchange, keep=how.steps), world, folder)
            away = largest_difference(folders[0] / KEPT, folder / KEPT)
            yield Trial(account=trial_account, examples=how.batch * 1000 / trial_account.step_ms, away=away)


def learned(data: Path, how: Recipe, world: int, folder: Path, stopping: Callable[[], bool] = lambda: False) -> Account:
    """Learn on this machine with `world` processes; checkpoints and weights stay in the folder."""
    processes.run_tasks(local_tasks(data, how, world, folder), stopping)
    return account(how.exchange, msgspec.json.decode((folder / OUTCOME).read_bytes(), type=Outcome))


def local_tasks(data: Path, how: Recipe, world: int, folder: Path) -> list[Task]:
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


def largest_difference(first: Path, second: Path) -> float:
    """The largest difference between the weights of two checkpoints."""
    left, right = checkpoint.weights_in(first), checkpoint.weights_in(second)
    return max(float((left[name] - right[name]).abs().max()) for name in left)


def _line(trial: Trial) -> str:
    totals = trial.account
    byte_count = max(totals.wire) if totals.wire else max(totals.tensors)
    numbers = (
        f"{totals.step_ms:.1f}",
        f"{trial.examples:,.0f}",
        f"{byte_count:,}",
        f"{max(totals.expected):,}",
        f"{trial.away:.2g}",
    )
    return " | ".join((totals.exchange if totals.processes > 1 else "alone", str(totals.processes), *numbers))


def main(arguments: Sequence[str]) -> int:
    """Print a table, and write it as JSON if a file is named; return the exit code."""
    try:
        _compare(arguments)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return CONFIGURED_WRONG
    return 0


def _compare(arguments: Sequence[str]) -> None:
    settings = from_arguments(arguments)
    how = Recipe(steps=settings.integer("steps", 60, least=1), batch=settings.integer("batch", 64, least=1))
    print(" | ".join(_WORDS))
    results = []
    for trial in trials(Path(settings.text("data")), how):
        results.append(trial)
        print(_line(trial))
    if "json" in settings.given:
        Path(settings.text("json")).write_bytes(msgspec.json.format(msgspec.json.encode(results)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
