# SPDX-License-Identifier: Apache-2.0
"""How do examples become a router: which processes share the work, and which machine ships the result?"""

import os
from collections.abc import Sequence
from typing import Final

import msgspec

from training_images.data_parallel import processes
from training_images.data_parallel.account import account, numbers, reproducible_part
from training_images.data_parallel.measured import COMMUNICATION, KIND, measure, serving_router
from training_images.data_parallel.recipe import PORT, Recipe, recipe, share
from training_images.data_parallel.task import OUTCOME, Outcome, Task
from training_images.evals import suite
from training_images.evals.remeasured import open_early
from training_images.evals.training_sets import stated, utterances
from training_images.job.errors import ConfigError, Interrupted
from training_images.job.job import Job
from training_images.job.result import UnitResult

_HERE: Final = "127.0.0.1"


def train(job: Job) -> Sequence[UnitResult]:
    """Train one router and account for what its processes exchanged; machines other than the first ship nothing.

    Channels: `data` (the training data), `suite` (the eval suite), and `baseline` (the serving unit of this kind), if
    there is one. Settings: `processes` on each machine, and those of the recipe.
    """
    how, spec = recipe(job.spec), job.spec
    tasks = _tasks(job, how)
    share(how, tasks[0].world)
    if spec.rank:
        processes.run_tasks(tasks, job.interrupted)
        return []
    eval_suite = suite.load_suite(spec)
    datasets = stated(spec.channel("data"))
    utterances(spec.channel("data"), eval_suite)
    open_early(spec, KIND, eval_suite.parts["task"].digest, lambda unit, _: serving_router(unit))
    processes.run_tasks(tasks, job.interrupted)
    job.on_interruption(lambda: Interrupted("the platform stopped the job while it measured; start it again"))
    outcome = msgspec.json.decode((job.folder / OUTCOME).read_bytes(), type=Outcome)
    run_account = account(how.exchange, outcome)
    job.log(**numbers(run_account))
    (job.folder / COMMUNICATION).write_bytes(msgspec.json.format(msgspec.json.encode(reproducible_part(run_account))))
    return [measure(job, how, eval_suite, datasets=datasets, outcome=outcome, account=run_account)]


def _tasks(job: Job, how: Recipe) -> list[Task]:
    """The processes of this machine; ranks are numbered machine by machine."""
    spec = job.spec
    local_processes = spec.settings.integer("processes", 1, least=1)
    master, port = _meeting(job)
    return [
        Task(
            rank=spec.rank * local_processes + local,
            local=local,
            world=spec.world * local_processes,
            master=master,
            port=port,
            parent=os.getpid(),
            how=how,
            data=str(spec.channel("data")),
            checkpoints=str(spec.checkpoints),
            folder=str(job.folder),
        )
        for local in range(local_processes)
    ]


def _meeting(job: Job) -> tuple[str, int]:
    """The host and port of rank 0: the first machine's; if there is only one machine, a free port."""
    if job.spec.world == 1:
        return _HERE, processes.free_port()
    if job.spec.master is None:
        raise ConfigError(
            f"this is one of {job.spec.world} machines, and the address of the first is not known: set MASTER_ADDR, as "
            "PyTorchJob and TrainJob do; an Indexed Job alone does not"
        )
    host, _, port = job.spec.master.partition(":")
    return host, int(port) if port else job.spec.settings.integer("port", PORT, least=1)
