# SPDX-License-Identifier: Apache-2.0
"""Which jobs did the clouds finish without an event reaching us? Polling is the truth, a webhook is a hint.

A finished job that is not settled is announced exactly as its event would have been.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.event import Event
from federation.core.number_text import counted
from federation.core.outcome import NOTHING, Document, Outcome
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.sources.timely import is_ahead
from federation.steps.redelivery import earlier_events
from federation.steps.sweeping.due import Held, due, held_jobs
from federation.steps.sweeping.overdue import Overdue, expectations, overdue

HEARS = (events.TICK_SWEEP,)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """How the clouds' jobs ended, which completions are stored but not settled (`unsettled`), and which jobs are held.

    `settled` and `jobs` (names under JOBS) contain only what concerns these. `announced` are the events that an earlier
    delivery of this tick announced; they are announced again in case it was cut short.
    """

    finished: Sequence[Mapping[str, Any]]
    unsettled: Mapping[str, Mapping[str, Any]]
    settled: frozenset[str]
    jobs: frozenset[str]
    held: Held = Held()
    overdue: Overdue = Overdue()
    announced: Sequence[Event] = ()


def gather(event: Event, reads: Reads) -> Facts:
    """The jobs that the clouds list as finished, and those that are stored as received, settled, launched or held."""
    finished = reads.finished()
    settled, unsettled_names = _settled_and_unsettled(finished, reads)
    jobs = frozenset(reads.names(names.JOBS, partial(_open_jobs, finished)))
    unsettled = {name: document for name in unsettled_names if (document := reads.document(name)) is not None}
    return Facts(
        finished=finished,
        unsettled=unsettled,
        settled=settled,
        jobs=jobs,
        held=held_jobs(waiting(jobs), reads),
        overdue=overdue(event, jobs, finished, (document["data"] for document in unsettled.values()), reads),
        announced=earlier_events(reads, "sweep", event.id),
    )


def _settled_and_unsettled(finished: Sequence[Mapping[str, Any]], reads: Reads) -> tuple[frozenset[str], Sequence[str]]:
    """The ids of the finished completions that are settled, and the names of the stored events that are not settled."""
    finished_names = {names.settled(_completion_event(data).id) for data in finished if "failure" not in data}
    settled: set[str] = set()

    def of_finished(listed: Sequence[str]) -> Iterable[str]:
        settled.update(listed)
        return (name for name in listed if name in finished_names)

    def unsettled(listed: Sequence[str]) -> Iterable[str]:
        return (name for name in listed if names.settled(name.removeprefix(names.EVENTS)) not in settled)

    ended = reads.names(names.SETTLED, of_finished)
    return frozenset(name.removeprefix(names.SETTLED) for name in ended), reads.names(names.EVENTS, unsettled)


def _open_jobs(finished: Sequence[Mapping[str, Any]], listed: Sequence[str]) -> Iterable[str]:
    """The stored names about jobs that are held, have not ended yet, or failed."""
    failed = [data.get("name", "") for data in finished if "failure" in data]
    held = map(names.held_job, waiting(frozenset(listed)))
    job_names = (about(name) for name in failed for about in (names.job, names.failed_job, names.lost_job))
    open_names = {*held, *expectations(frozenset(listed)), *job_names}
    return (name for name in listed if name in open_names)


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Announce what was missed or lost, ask again for the jobs whose hours have come, and refuse the pointless ones."""
    missed = tuple(_missed_events(facts, now))
    failed = tuple(_failed_events(facts, now))
    lost = tuple(facts.overdue.events())
    begun = due(event, facts.held, policy, now)
    new = (*missed, *failed, *lost, *begun.requests, *begun.refusals)
    announced = {event.id: event for event in (*facts.announced, *new)}
    ended = facts.overdue.documents()
    if not (announced or ended):
        return NOTHING
    new_claims = tuple(
        Document(name=names.event(event.id), value=event.document())
        for event in missed
        if names.event(event.id) not in facts.unsettled
    )
    parts = (
        f"{counted(len(missed), 'completion')} not settled yet, sent to validate" if missed else "",
        f"ended without a unit: {_job_names(failed)}" if failed else "",
        f"ended: {', '.join(facts.overdue.ended)}" if ended else "",
        f"lost: {_job_names(lost)}" if lost else "",
        f"requested again, as their hours have begun: {_job_names(begun.requests)}" if begun.requests else "",
        f"refused, as another release is distilled: {_job_names(begun.refusals)}" if begun.refusals else "",
    )
    why = "; ".join(filter(None, parts)) or "already announced"
    documents = (*new_claims, *ended, *begun.documents())
    return Outcome(why=why, documents=documents, events=tuple(announced.values()), repeat=not (new or ended))


def _missed_events(facts: Facts, now: str) -> Sequence[Event]:
    """The completions that are not settled. A date in the future, as a commit may have, becomes now."""
    completions = {name: Event.of(document) for name, document in facts.unsettled.items()}
    for data in facts.finished:
        if "failure" in data:
            continue
        completed = _completion_event({**data, "completed_at": now} if is_ahead(data["completed_at"], now) else data)
        if names.short(completed.id) not in facts.settled:
            completions.setdefault(names.event(completed.id), completed)
    return [completed for _, completed in sorted(completions.items()) if completed.type == events.ARTIFACT_COMPLETED]


def _completion_event(data: Mapping[str, Any]) -> Event:
    return events.step_event(
        "sweep",
        events.ARTIFACT_COMPLETED,
        data["resource"],
        time=data["completed_at"],
        key=data["dedupe_key"],
        data={
            name: data[name] for name in ("provider", "resource", "artifact_uri", "revision", "ref") if data.get(name)
        },
    )


def _failed_events(facts: Facts, now: str) -> Iterator[Event]:
    """Jobs of ours that ended without a unit, until `launch` has dealt with them."""
    for data in facts.finished:
        name = data.get("name", "")
        if "failure" in data and names.job(name) in facts.jobs and names.failed_job(name) not in facts.jobs:
            yield events.step_event(
                "sweep",
                events.JOB_FAILED,
                name,
                time=now if is_ahead(data["completed_at"], now) else data["completed_at"],
                key=data["dedupe_key"],
                data={
                    **{key: data[key] for key in ("provider", "resource", "name", "failure")},
                    **({"was_lost": True} if names.lost_job(name) in facts.jobs else {}),
                },
            )


def waiting(jobs: Collection[str]) -> Sequence[str]:
    """Names of the jobs that are held, and neither launched nor refused since.

    Args:
        jobs: Names of all documents under JOBS.
    """
    held = (name.removeprefix(names.HELD_JOBS) for name in sorted(jobs) if name.startswith(names.HELD_JOBS))
    return [name for name in held if names.job(name) not in jobs and names.refused_job(name) not in jobs]


def _job_names(announced: Sequence[Event]) -> str:
    return ", ".join(str(event.data["name"]) for event in announced)
