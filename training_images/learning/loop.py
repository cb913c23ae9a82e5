# SPDX-License-Identifier: Apache-2.0
"""The training loop: one step per batch, and after each a check whether the platform wants to stop the job."""

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

_LOG_EVERY: Final = 5
"""Steps between two log lines."""


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
        progress = (step - rising) / max(1, steps - rising)
        return self.rate * (0.1 + 0.45 * (1 + math.cos(math.pi * progress)))


def fit(
    job: Job,
    weights: Mapping[str, Tensor],
    batches: Sequence[Any],
    loss_of: Callable[[Any], Tensor],
    *,
    schedule: Schedule,
    besides: Sequence[Any] = (),
) -> None:
    """Train `weights` in place with AdamW, one step per batch; an interrupted job continues at its checkpoint.

    Args:
        job: The job; it says when to stop, and writes the log.
        weights: The weights to train, by name.
        batches: All batches, in order. A job that continues needs the same ones.
        loss_of: Returns the loss of one batch, a scalar.
        schedule: The learning rate at each step.
        besides: Everything else that the loss depends on, such as the base model's digest. If it differs, a job ignores
            the checkpoint.

    Raises:
        ConfigError: The loss or its gradient is not a number.
        Interrupted: The platform stops the job; a checkpoint was saved.
    """
    optimiser = torch.optim.AdamW(list(weights.values()), lr=schedule.rate, weight_decay=0.0)
    identity = checkpoint.fingerprint(job.spec.settings.without_places(), schedule, tuple(batches), tuple(besides))
    job.on_interruption(None)
    first = checkpoint.resume(job.spec.checkpoints, weights, optimiser, of=identity)
    for step in range(first, len(batches)):
        for group in optimiser.param_groups:
            group["lr"] = schedule.at(step, len(batches))
        loss = loss_of(batches[step])
        _refuse_not_finite(float(loss.detach()), step)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(weights.values()), schedule.clip)
        _refuse_not_finite(float(norm), step, "gradient's norm")
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if step % _LOG_EVERY == 0 or step == len(batches) - 1:
            job.log(step=step, loss=float(loss.detach()))
        if job.interrupted():
            checkpoint.save(job.spec.checkpoints, step + 1, weights, optimiser, of=identity)
            raise job.interruption(step + 1)
    final_weights = {name: weight.detach().clone() for name, weight in weights.items()}
    job.on_interruption(partial(_save_and_leave, job, len(batches), final_weights, optimiser, identity))


def _save_and_leave(
    job: Job, steps: int, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, identity: str
) -> Interrupted:
    """Save the trained weights, so that the next job only has to measure them."""
    checkpoint.save(job.spec.checkpoints, steps, weights, optimiser, of=identity)
    return job.interruption(steps)


def _refuse_not_finite(number: float, step: int, name: str = "loss") -> None:
    """Refuse infinity and NaN. A finite loss can have a gradient that is not finite, which would spoil the weights."""
    if not math.isfinite(number):
        raise ConfigError(
            f"the {name} is {number} at step {step}, so training cannot continue: lower --rate, or check the data"
        )
