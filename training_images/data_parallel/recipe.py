# SPDX-License-Identifier: Apache-2.0
"""How is the router trained, and how is each batch shared among the processes?"""

from dataclasses import dataclass, fields
from typing import Final, Literal, cast

from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec

Exchange = Literal["ring", "server"]
EXCHANGES: Final[tuple[Exchange, ...]] = ("ring", "server")
PORT: Final = 29500
"""Port of rank 0; torchrun and the PyTorch operators use the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a router is made; every field is a setting.

    Args:
        exchange: `ring` (all-reduce among equals) or `server` (rank 0 keeps the weights, the others learn).
        steps: Number of training steps.
        batch: Examples per step, over all processes.
        rate: Peak learning rate.
        seed: Seeds the order of examples and the initial weights.
        keep: Steps between two checkpoints.
        meet: Seconds that a process waits for the others to start: a machine may still be pulling the image.
        timeout: Seconds that it waits for them afterwards.
    """

    exchange: Exchange = "ring"
    steps: int = 600
    batch: int = 64
    rate: float = 1e-2
    seed: int = 1
    keep: int = 200
    meet: float = 600.0
    timeout: float = 60.0


SETTINGS: Final = frozenset(field.name for field in fields(Recipe)) | {"port", "processes"}
"""The settings of this image, besides those that every image takes."""


def recipe(spec: JobSpec) -> Recipe:
    """The recipe that a job's settings ask for."""
    ask, usual = spec.settings, Recipe()
    return Recipe(
        exchange=cast("Exchange", ask.choice("exchange", EXCHANGES, usual.exchange)),
        steps=ask.integer("steps", usual.steps, least=1),
        batch=ask.integer("batch", usual.batch, least=1),
        rate=ask.number("rate", usual.rate),
        seed=ask.integer("seed", usual.seed),
        keep=ask.integer("keep", usual.keep, least=1),
        meet=ask.number("meet", usual.meet, least=1.0),
        timeout=ask.number("timeout", usual.timeout, least=1.0),
    )


def workers(exchange: Exchange, world: int) -> int:
    """The number of processes that learn. A server is not one of them, unless it is alone.

    Raises:
        ConfigError: A server was chosen, but no process remains to learn.
    """
    if exchange == "ring":
        return world
    if world == 1:
        raise ConfigError("a parameter server alone has no worker; give --processes 2, or more machines")
    return world - 1


def share(how: Recipe, world: int) -> int:
    """The number of examples for each worker in every step.

    Raises:
        ConfigError: The batch cannot be divided evenly, so the mean of the workers' means would not be the batch's
            mean.
    """
    among = workers(how.exchange, world)
    if how.batch % among:
        raise ConfigError(
            f"--batch {how.batch} cannot be shared by {among} processes evenly; take a multiple of {among}"
        )
    return how.batch // among
