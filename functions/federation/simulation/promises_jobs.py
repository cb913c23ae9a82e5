# SPDX-License-Identifier: Apache-2.0
"""Did every job that was asked for start as one job, or is it written down why not?"""

from collections.abc import Iterator

from federation.core import names
from federation.core.failure import cause_of
from federation.simulation.delivery import Played


def once(played: Played) -> Iterator[str]:
    """4. A job is started as one job, whatever comes twice; one that is asked for runs, or it is written down why not."""
    jobs = {name: played.world.document(name) for name in played.world.store.names(names.JOBS)}
    trainer = played.world.trainer
    for name, described in trainer.started.items():
        if len(set(described)) > 1 or names.job(name) not in jobs:
            yield f"{name} was started as {len(set(described))} jobs, and {names.job(name) in jobs} is written down"
    replaced = [job["job"]["instead_of"] for job in jobs.values() if "instead_of" in job.get("job", {})]
    for name in {name for name in replaced if replaced.count(name) > 1 or not _was_taken(played, name)}:
        yield f"{name} was started again {replaced.count(name)} times"
    for name in (name.removeprefix(names.HELD_JOBS) for name in jobs if name.startswith(names.HELD_JOBS)):
        opens = jobs[names.held_job(name)]["told"]["opens"]
        if opens < played.now and played.finale and name not in trainer.started:
            yield f"{name} waits since its hours came at {opens}"
    asked = {job["job"]["asked_by"] for name, job in jobs.items() if "job" in job and "instead_of" not in job["job"]}
    settled = [jobs[name]["name"] for name in jobs if name.startswith(names.REFUSED_JOBS)]
    if played.finale and len(asked) + len(settled) < played.jobs:
        yield f"{played.jobs} jobs were asked for, {len(asked)} were started and {len(settled)} refused"


def _was_taken(played: Played, name: str) -> bool:
    """Whether a job's machine was taken away from it, and it was no second try."""
    (first, *_) = played.world.trainer.started.get(name, [b""])
    failure = str(played.world.trainer.ended.get(name, {}).get("failure", ""))
    return cause_of(failure) == "interruption" and b"instead_of" not in first
