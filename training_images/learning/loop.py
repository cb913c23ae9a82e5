# SPDX-License-Identifier: Apache-2.0
"""How is every model of these images fitted? Batch by batch, checking after each whether the platform wants to stop."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor

from training_images.job.errors import ConfigError, Interrupted
from training_images.job.job import Job
from training_images.learning import checkpoint

_TELL_EVERY: Final = 5
"""Steps between two lines of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The peak learning rate, the share of steps in which it rises, and the largest gradient norm."""

    rate: float
    warm_up: float = 0.1
    clip: float = 1.0

    def at(self, step: int, steps: int) -> float:
        """The learning rate of a step: a linear rise, then half a cosine down to a tenth."""
        rising = max(1, round(steps * self.warm_up))
        if step < rising:
            return self.rate * (step + 1) / rising
        done = (step - rising) / max(1, steps - rising)
        return self.rate * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def fit(
    job: Job,
    weights: Mapping[str, Tensor],
    batches: Sequence[Any],
    loss_of: Callable[[Any], Tensor],
    *,
    schedule: Schedule,
    besides: Sequence[Any] = (),
) -> None:
    """Fit `weights` in place with AdamW, one step per batch, continuing where an interrupted job stopped.

    Args:
        job: Says when to stop, and keeps the log.
        weights: The weights to fit, by name.
        batches: All batches, in order: a job that continues must see the same ones.
        loss_of: Returns the loss of one batch, a scalar.
        schedule: The learning rate over the steps.
        besides: Anything else that the loss depends on, such as the base model's digest; if it differs, a job starts
            anew.

    Raises:
        ConfigError: The loss or its gradient is not a number.
        Interrupted: The platform wants its machine back; a checkpoint was kept.
    """
    optimiser = torch.optim.AdamW(list(weights.values()), lr=schedule.rate, weight_decay=0.0)
    of = checkpoint.fingerprint(job.spec.settings.without_places(), schedule, tuple(batches), tuple(besides))
    job.leave_by(None)
    first = checkpoint.resume(job.spec.checkpoints, weights, optimiser, of=of)
    for step in range(first, len(batches)):
        for group in optimiser.param_groups:
            group["lr"] = schedule.at(step, len(batches))
        loss = loss_of(batches[step])
        _refuse_nonsense(float(loss.detach()), step)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(weights.values()), schedule.clip)
        _refuse_nonsense(float(norm), step, "gradient's norm")
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if step % _TELL_EVERY == 0 or step == len(batches) - 1:
            job.log(step=step, loss=float(loss.detach()))
        if job.interrupted():
            checkpoint.keep(job.spec.checkpoints, step + 1, weights, optimiser, of=of)
            raise job.leave(step + 1)
    as_learned = {name: weight.detach().clone() for name, weight in weights.items()}
    job.leave_by(partial(_left, job, len(batches), as_learned, optimiser, of))


def _left(
    job: Job, steps: int, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, of: str
) -> Interrupted:
    """Keep everything that was learned, so that the job which continues only has to measure."""
    checkpoint.keep(job.spec.checkpoints, steps, weights, optimiser, of=of)
    return job.leave(steps)


def _refuse_nonsense(number: float, step: int, what: str = "loss") -> None:
    """Refuse numbers that are not finite. A finite loss can have a gradient that is not, and the weights would ship."""
    if not math.isfinite(number):
        raise ConfigError(
            f"the {what} is {number} at step {step}, from where nothing can be learned: lower --rate, or look at the data"
        )
