# SPDX-License-Identifier: Apache-2.0
"""How do examples become a router: which processes share the work, and which of them ships the result?"""

import os
from collections.abc import Sequence
from typing import Final

import msgspec

from training_images.data_parallel import processes
from training_images.data_parallel.account import account, lasting, numbers
from training_images.data_parallel.measured import COMMUNICATION, measured
from training_images.data_parallel.recipe import PORT, Recipe, recipe, share
from training_images.data_parallel.task import OUTCOME, Outcome, Task
from training_images.evals import suite
from training_images.evals.training_sets import stated, utterances
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.result import Made

_HERE: Final = "127.0.0.1"


def train(job: Job) -> Sequence[Made]:
    """Train one router and account for what its processes exchanged; machines other than the first ship nothing.

    Channels: `data` (the training data), `suite` (the eval suite), and `baseline` (the serving unit of this kind), if
    there is one. Settings: `processes` on each machine, and those of the recipe.
    """
    how, spec = recipe(job.spec), job.spec
    tasks = _tasks(job, how)
    share(how, tasks[0].world)
    if spec.rank:
        processes.carried_out(tasks, job.interrupted)
        return []
    asked = suite.asked(spec)
    learned = stated(spec.channel("data"))
    utterances(spec.channel("data"), asked)
    processes.carried_out(tasks, job.interrupted)
    outcome = msgspec.json.decode((job.folder / OUTCOME).read_bytes(), type=Outcome)
    told = account(how.exchange, outcome)
    job.log(**numbers(told))
    (job.folder / COMMUNICATION).write_bytes(msgspec.json.format(msgspec.json.encode(lasting(told))))
    return [measured(job, how, asked, learned=learned, outcome=outcome, told=told)]


def _tasks(job: Job, how: Recipe) -> list[Task]:
    """The processes of this machine; ranks are numbered machine by machine."""
    spec = job.spec
    here = spec.settings.integer("processes", 1, least=1)
    master, port = _meeting(job)
    return [
        Task(
            rank=spec.rank * here + local,
            local=local,
            world=spec.world * here,
            master=master,
            port=port,
            parent=os.getpid(),
            how=how,
            data=str(spec.channel("data")),
            checkpoints=str(spec.checkpoints),
            folder=str(job.folder),
        )
        for local in range(here)
    ]


def _meeting(job: Job) -> tuple[str, int]:
    """Where the processes meet: on the first machine; if there is only one, on a port of its own."""
    if job.spec.world == 1:
        return _HERE, processes.free_port()
    if job.spec.master is None:
        raise ConfigError(
            f"this is one of {job.spec.world} machines, and nobody says where the first is met: set MASTER_ADDR, as "
            "PyTorchJob and TrainJob do; an Indexed Job alone does not"
        )
    host, _, port = job.spec.master.partition(":")
    return host, int(port) if port else job.spec.settings.integer("port", PORT, least=1)
