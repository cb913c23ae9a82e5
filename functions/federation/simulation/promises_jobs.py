# SPDX-License-Identifier: Apache-2.0
"""Did every job that was asked for start as one job, or is it written down why not?"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from federation.core import names
from federation.core.failure import cause_of
from federation.simulation.delivery import Played
from federation.simulation.policies import AMOUNT


def once(played: Played) -> Iterator[str]:
    """4. A job is started as one job, whatever comes twice; one that is asked for runs, or it is written down why not."""
    listed = (name for name in played.world.store.names(names.JOBS) if not name.startswith(names.COMMITTED))
    jobs = {name: played.world.document(name) for name in listed}
    trainer = played.world.trainer
    for name, described in trainer.started.items():
        if len(set(described)) > 1 or names.job(name) not in jobs:
            yield f"{name} was started as {len(set(described))} jobs, and {names.job(name) in jobs} is written down"
    replaced = [job["job"]["instead_of"] for job in jobs.values() if "instead_of" in job.get("job", {})]
    for name in {name for name in replaced if replaced.count(name) > 1 or not _was_taken(played, name)}:
        yield f"{name} was started again {replaced.count(name)} times"
    for name in (name.removeprefix(names.HELD_JOBS) for name in jobs if name.startswith(names.HELD_JOBS)):
        opens = jobs[names.held_job(name)]["told"]["opens"]
        decided = name in trainer.started or names.refused_job(name) in jobs
        if opens < played.now and played.finale and not decided:
            yield f"{name} waits since its hours came at {opens}"
    yield from _paid(played)
    yield from _distilled(played, jobs)
    asked = {job["job"]["asked_by"] for name, job in jobs.items() if "job" in job and "instead_of" not in job["job"]}
    settled = [jobs[name]["name"] for name in jobs if name.startswith(names.REFUSED_JOBS)]
    if played.finale and len(asked) + len(settled) < played.jobs:
        yield f"{played.jobs} jobs were asked for, {len(asked)} were started and {len(settled)} refused"


def _paid(played: Played) -> Iterator[str]:
    """A month's jobs never cost more than its budget, and every line of its ledger adds up."""
    totals: dict[str, Decimal] = {}
    for name in played.world.store.names(names.COMMITTED):
        line, month = played.world.document(name), name.rpartition("/")[0]
        totals[month] = totals.get(month, Decimal()) + Decimal(line["cost"])
        if Decimal(line["total"]) != totals[month] or totals[month] > AMOUNT:
            yield f"{name} commits {line['cost']}, and {totals[month]} of {AMOUNT} are committed"


def _distilled(played: Played, jobs: Mapping[str, Any]) -> Iterator[str]:
    """One slow unit asks for one distillation under a policy, whatever becomes of it."""
    taught = [played.world.document(names.release(job["job"]["teacher"])) for job in jobs.values() if _is_pass(job)]
    passes = [(release["distillation"]["unit"], release["policy"]["digest"]) for release in taught]
    for unit, _ in {one for one in passes if passes.count(one) > 1}:
        yield f"{unit} was distilled more than once under one policy"


def _is_pass(job: Mapping[str, Any]) -> bool:
    return "teacher" in job.get("job", {}) and "instead_of" not in job["job"]


def _was_taken(played: Played, name: str) -> bool:
    """Whether a job's machine was taken away from it, and it was no second try."""
    (first, *_) = played.world.trainer.started.get(name, [b""])
    failure = str(played.world.trainer.ended.get(name, {}).get("failure", ""))
    return cause_of(failure) == "interruption" and b"instead_of" not in first
