# SPDX-License-Identifier: Apache-2.0
"""What does one process do from its first step to its last, and how do all processes stop at the same step?"""

import hashlib
import math
import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import torch

from training_images.data_parallel import features, group, model, wire
from training_images.data_parallel.data import Examples
from training_images.data_parallel.exchange import Batch, Exchange, SingleProcess, flat
from training_images.data_parallel.model import Router
from training_images.data_parallel.recipe import workers
from training_images.data_parallel.ring import Ring
from training_images.data_parallel.server import Server, Worker
from training_images.data_parallel.shares import Shares
from training_images.data_parallel.task import WEIGHTS, Ledger, Outcome, Task
from training_images.job.errors import ConfigError, Interrupted
from training_images.learning import checkpoint
from training_images.learning.loop import Schedule

AGREE_EVERY: Final = 10
"""Steps between two agreements of all processes: does any of them want to stop, and what is the loss?"""
_UNKNOWN: Final = wire.TrafficCounters(sent=-1, received=-1)


class Learner:
    """One process, after all have connected."""

    def __init__(self, task: Task, examples: Examples, labels: int, device: torch.device) -> None:
        self.task = task
        self.device = device
        self.router = Router(labels).to(device)
        self.schedule = Schedule(rate=task.how.rate)
        self.exchange = self._exchange()
        self._keeper = self.exchange if task.rank == 0 and isinstance(self.exchange, SingleProcess) else None
        self._worker = _worker(task)
        self._examples = examples
        self._encoded = features.encoded(examples.texts, model.BUCKETS)
        among = workers(task.how.exchange, task.world)
        self._shares = Shares(total=len(examples.texts), batch=task.how.batch, among=among, seed=task.how.seed)
        how = task.how
        recipe = (how.steps, how.batch, how.rate, how.seed, tuple(examples.texts), examples.labels)
        self._of = checkpoint.fingerprint(recipe)
        self._loss_steps: list[int] = []
        self._losses: list[float] = []

    def run(self, stopping: Callable[[], bool]) -> Outcome:
        """Learn from where a checkpoint left off, and return the outcome.

        Raises:
            ConfigError: The loss is not a number.
            Interrupted: A process was asked to stop; rank 0 kept a checkpoint.
            RankLost: Another process is gone.
        """
        first = self._begin()
        before, began = wire.read_counters(but={self.task.port}), time.perf_counter()
        for step in range(first, self.task.how.steps):
            with group.reporting_lost_ranks(self.task, f"in step {step}"):
                self._step(step, stopping)
        seconds, after = time.perf_counter() - began, wire.read_counters(but={self.task.port})
        traffic = after.since(before) if before and after else _UNKNOWN
        return self._outcome(traffic, self.task.how.steps - first, seconds)

    def _exchange(self) -> Exchange:
        clip = self.schedule.clip
        if self.task.world == 1:
            return SingleProcess(self.router, clip)
        if self.task.how.exchange == "ring":
            return Ring(self.router, clip)
        return Server(self.router, clip) if self.task.rank == 0 else Worker(self.router)

    def _begin(self) -> int:
        """The first step to do. After an interruption every process gets rank 0's checkpoint."""
        first = 0
        if self._keeper:
            first = checkpoint.resume(Path(self.task.checkpoints), self._weights(), self._keeper.optimiser, of=self._of)
        if self.task.world == 1:
            return first
        with group.reporting_lost_ranks(self.task, "before the first step"):
            number = torch.tensor([first])
            group.from_first(number)
            if int(number):
                self.exchange.share_state()
        return int(number)

    def _step(self, step: int, stopping: Callable[[], bool]) -> None:
        loss = self.exchange.step(self._batch(step), self.schedule.at(step, self.task.how.steps))
        if step % AGREE_EVERY == 0 or step == self.task.how.steps - 1:
            self._agree(step, loss, stop=stopping())
        if (step + 1) % self.task.how.keep == 0:
            self._keep(step + 1)

    def _batch(self, step: int) -> Batch | None:
        if self._worker is None:
            return None
        rows = self._shares.of(self._worker, step)
        numbers, begins = features.joined([self._encoded[row] for row in rows])
        right = self._examples.labels[rows]
        return Batch(*(torch.from_numpy(part).to(self.device) for part in (numbers, begins, right)))

    def _agree(self, step: int, loss: float, *, stop: bool) -> None:
        """Share the wish to stop and the loss, so that all processes decide the same."""
        row = torch.tensor([float(stop), loss, float(self._worker is not None)])
        stops, total, learners = (group.summed(row) if self.task.world > 1 else row).tolist()
        if not math.isfinite(total):
            raise ConfigError(
                f"the loss is {total} at step {step}: training cannot go on from here; lower --rate, or look at the data"
            )
        if self.task.rank == 0:
            self._log(step, total / learners)
        if stops:
            self._keep(step + 1)
            raise Interrupted(f"the platform stopped the job; a checkpoint was kept at step {step + 1}")
        if os.getppid() != self.task.parent:
            raise group.RankLost("the process that started this one has ended")

    def _log(self, step: int, loss: float) -> None:
        self._loss_steps.append(step)
        self._losses.append(loss)
        print(f"step={step}\nloss={loss:.6g}", flush=True)

    def _keep(self, step: int) -> None:
        if self._keeper:
            checkpoint.save(Path(self.task.checkpoints), step, self._weights(), self._keeper.optimiser, of=self._of)

    def _weights(self) -> dict[str, torch.nn.Parameter]:
        return dict(self.router.named_parameters())

    def _outcome(self, traffic: wire.TrafficCounters, steps: int, seconds: float) -> Outcome:
        weights = flat(self.router.parameters()).cpu()
        if not torch.isfinite(weights).all():
            raise ConfigError("after the last step some weights are not numbers: lower --rate, or look at the data")
        digest = hashlib.sha256(weights.numpy().tobytes()).digest()
        numbers = [self.exchange.tensors, traffic.sent, traffic.received, round(seconds * 1e6)]
        row = torch.tensor([*digest, *numbers], dtype=torch.int64)
        with group.reporting_lost_ranks(self.task, "after the last step") if self.task.world > 1 else nullcontext():
            rows = group.gathered(row) if self.task.world > 1 else [row]
        if self.task.rank == 0:
            model.save(self.router, Path(self.task.folder) / WEIGHTS)
        ledgers = [_ledger(row.tolist()) for row in rows]
        return Outcome(
            model=weights.nbytes, steps=steps, loss_steps=self._loss_steps, losses=self._losses, ledgers=ledgers
        )


def _worker(task: Task) -> int | None:
    """The worker that a process is; None for a server."""
    if task.world == 1 or task.how.exchange == "ring":
        return task.rank
    return task.rank - 1 if task.rank else None


def _ledger(row: Sequence[int]) -> Ledger:
    size = hashlib.sha256().digest_size
    tensors, sent, received, microseconds = row[size:]
    return Ledger(
        digest=bytes(row[:size]).hex(), tensors=tensors, sent=sent, received=received, microseconds=microseconds
    )
