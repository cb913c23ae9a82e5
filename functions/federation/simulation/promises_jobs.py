# SPDX-License-Identifier: Apache-2.0
"""Did every job that was asked for start exactly once, or does a document say why it did not?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from federation.core import names
from federation.core.failure import cause_of, is_turned_away
from federation.core.placement import Place
from federation.simulation.played import Played
from federation.simulation.policies import AMOUNT

Jobs = Mapping[str, Any]
"""Every document about a job, by its name in the store."""

_WANTING: Final = re.compile(r" left for (\d{4}-\d\d): ")
"""The reason for which a place that costs too much is refused, with the month."""


def once(played: Played) -> Iterator[str]:
    """4. A job starts once, whatever is delivered twice; a job that is asked for runs, or a document says why not."""
    listed = (name for name in played.world.store.names(names.JOBS) if not name.startswith(names.COMMITTED))
    jobs = {name: played.world.document(name) for name in listed}
    yield from _started_once(played, jobs)
    yield from _replaced(played, jobs)
    yield from _turned_away(played, jobs)
    yield from _held_too_long(played, jobs)
    yield from _lost(played, jobs)
    yield from _paid(played)
    yield from _accounted(played, jobs)
    yield from _distilled(played, jobs)
    yield from _unanswered(played, jobs)


def _started_once(played: Played, jobs: Jobs) -> Iterator[str]:
    """A name is only ever started with one description, and its document is stored."""
    for name, described in played.world.trainer.started.items():
        if len(set(described)) > 1:
            yield f"{name} was started as {len(set(described))} jobs"
        if names.job(name) not in jobs:
            yield f"{name} was started, and no document says so"


def _replaced(played: Played, jobs: Jobs) -> Iterator[str]:
    """Only a job whose machine was taken away is started again, and only once."""
    ours = (job["job"] for job in jobs.values() if _is_own(job))
    replaced = [job["instead_of"] for job in ours if "instead_of" in job]
    for name in {name for name in replaced if replaced.count(name) > 1 or not _was_taken(played, name)}:
        yield f"{name} was started again {replaced.count(name)} times"


def _turned_away(played: Played, jobs: Jobs) -> Iterator[str]:
    """A job that found no machine is reported, and asked for again at most once, at another place."""
    away = {name: end for name, end in jobs.items() if name.startswith(names.FAILED_JOBS) and _found_none(end)}
    followers = [end["followed_by"] for end in away.values() if end["followed_by"]]
    for name in {name for name in followers if followers.count(name) > 1}:
        yield f"{name} follows {followers.count(name)} jobs that found no machine"
    for job in (jobs[names.job(name)] for name in followers if names.job(name) in jobs):
        place = msgspec.convert(job["job"], Place).name
        if place in job["job"]["turned_away"]:
            yield f"{job['name']} was asked for again at {place}, which had no machine for it"
    for name in (name.removeprefix(names.TURNED_AWAY_JOBS) for name in jobs if name.startswith(names.TURNED_AWAY_JOBS)):
        if played.finale and names.failed_job(name) not in jobs:
            yield f"{name} was turned away, but no event says so"


def _found_none(end: Mapping[str, Any]) -> bool:
    """Whether the job found no machine."""
    return is_turned_away(end["failure"])


def _held_too_long(played: Played, jobs: Jobs) -> Iterator[str]:
    """A job that was held for its hours is started or refused once they have come; of one cut short, its loss is told."""
    ends = (names.turned_away_job, names.refused_job, names.lost_job)
    for name in (name.removeprefix(names.HELD_JOBS) for name in jobs if name.startswith(names.HELD_JOBS)):
        opens = jobs[names.held_job(name)]["told"]["opens"]
        decided = name in played.world.trainer.started or any(end(name) in jobs for end in ends)
        if opens < played.now and played.finale and not decided:
            yield f"{name} waits since its hours came at {opens}"


def _lost(played: Played, jobs: Jobs) -> Iterator[str]:
    """A job that is gone is reported as lost once its time is over; a job that has ended never is."""
    ended = {name for name, end in played.world.trainer.ended.items() if end is not None}
    gone = played.world.trainer.ended.keys() - ended
    told = {name.removeprefix(names.LOST_JOBS) for name in jobs if name.startswith(names.LOST_JOBS)}
    for name in sorted(told & ended):
        yield f"{name} was reported lost, but it has ended"
    expected = sorted(name.removeprefix(names.EXPECTED_JOBS) for name in jobs if name.startswith(names.EXPECTED_JOBS))
    for name, hour in {name: hour for hour, _, name in (one.partition("/") for one in expected)}.items():
        if name in gone - told and played.finale and f"{hour}:00:00Z" < played.now:
            yield f"{name} is gone, must have ended by {hour}, but was not reported lost"


def _unanswered(played: Played, jobs: Jobs) -> Iterator[str]:
    """Every job that somebody asked for was started or refused."""
    asked = {job["job"]["asked_by"] for job in jobs.values() if "job" in job and "instead_of" not in job["job"]}
    refused = [name for name in jobs if name.startswith(names.REFUSED_JOBS)]
    if played.finale and len(asked) + len(refused) < played.jobs:
        yield f"{played.jobs} jobs were asked for, {len(asked)} were started and {len(refused)} refused"


def _paid(played: Played) -> Iterator[str]:
    """A month's jobs never cost more than its budget, and every line of its ledger adds up."""
    totals: dict[str, Decimal] = {}
    for name in played.world.store.names(names.COMMITTED):
        line, month = played.world.document(name), name.rpartition("/")[0]
        totals[month] = totals.get(month, Decimal()) + Decimal(line["cost"])
        if Decimal(line["total"]) != totals[month] or totals[month] > AMOUNT:
            yield f"{name} commits {line['cost']}, and {totals[month]} of {AMOUNT} are committed"


def _accounted(played: Played, jobs: Jobs) -> Iterator[str]:
    """However launches race: each started job has its money, no other has any, and none was refused what is left."""
    ledgers = _ledgers(played)
    held: dict[str, Decimal] = {}
    for line in (line for lines in ledgers.values() for line in lines):
        held[line["job"]] = held.get(line["job"], Decimal()) + Decimal(line["cost"])
    started = {job["name"]: job for job in jobs.values() if "job" in job}
    for name, job in started.items() if _is_scarce(played) else ():
        if held.get(name, Decimal()) < Decimal(job["told"]["places"][0]["cost"]):
            yield f"{name} was started, and {held.get(name, 0)} are committed for it"
    for name in sorted(held.keys() - started.keys()) if played.finale else ():
        yield f"{held[name]} are committed for {name}, which was never started"
    for place in (place for job in jobs.values() if "job" not in job for place in job.get("places", ())):
        if month := _WANTING.search(place["why"]):
            left = AMOUNT - sum(Decimal(line["cost"]) for line in ledgers.get(month[1], ()))
            if Decimal(place["cost"]) <= left:
                yield f"a job was refused {place['cost']} of {month[1]}, and {left} are left"


def _is_scarce(played: Played) -> bool:
    """Whether the policy has a budget."""
    return "budget" in played.world.document(played.world.store.active_policy())


def _ledgers(played: Played) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Every month's lines."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for name in played.world.store.names(names.COMMITTED):
        month = name.removeprefix(names.COMMITTED).partition("/")[0]
        found.setdefault(month, []).append(played.world.document(name))
    return found


def _distilled(played: Played, jobs: Jobs) -> Iterator[str]:
    """A slow unit is distilled at most once under one policy."""
    taught = [played.world.document(names.release(job["job"]["teacher"])) for job in jobs.values() if _distils(job)]
    passes = [(release["distillation"]["unit"], release["policy"]["digest"]) for release in taught]
    for unit, _ in {one for one in passes if passes.count(one) > 1}:
        yield f"{unit} was distilled more than once under one policy"


def _distils(job: Mapping[str, Any]) -> bool:
    """Whether it is a distillation, and not the second try of one."""
    return _is_own(job) and "teacher" in job["job"] and "instead_of" not in job["job"]


def _is_own(job: Mapping[str, Any]) -> bool:
    """Whether it is a launched job that does not replace one that found no machine."""
    return "job" in job and "turned_away" not in job["job"]


def _was_taken(played: Played, name: str) -> bool:
    """Whether the job lost its machine, and was itself no second try."""
    (first, *_) = played.world.trainer.started.get(name, [b""])
    failure = str((played.world.trainer.ended.get(name) or {}).get("failure", ""))
    return cause_of(failure) == "interruption" and b"instead_of" not in first
