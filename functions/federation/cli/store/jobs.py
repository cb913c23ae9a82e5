# SPDX-License-Identifier: Apache-2.0
"""Which jobs wait, which are under way, and which need a person before they are asked for again?"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from federation.cli.clock import now
from federation.cli.store.history import History, Past
from federation.cli.store.shelf import SLACK_SECONDS, Shelf, newest_first
from federation.core import event as events
from federation.core import instant, names
from federation.core.decision import decision_in
from federation.core.failure import is_lost, is_pointless_again
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.ports import RECENT
from federation.steps.sweeping.missed import waiting
from federation.steps.sweeping.overdue import SEPARATORS

JobState = Literal["held", "under way", "configured wrong", "failed", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """One job: its state, until when it waits (RFC 3339, UTC), why in a sentence, and the document that says so."""

    name: str
    kind: str
    state: JobState
    until: str | None
    why: str
    document: str


def open_jobs(shelf: Shelf, history: History, *, every: bool) -> Sequence[JobLine]:
    """The jobs that are held, then those under way, configured wrong, and given up, each in the order of their names.

    A job is under way from its launch until its unit is settled, or the job has failed or is lost. A wrongly configured job
    is listed until a later job of its kind has shipped, or the policy describes none. A failed, lost or refused job is
    listed if it is the last of its kind. Jobs launched before RECENT are left out unless `every` is set or the store has no
    dates: no sweep looks for their ends any more.
    """
    dates = shelf.dates(names.JOBS)
    stored = frozenset(dates)
    newest = max((*dates.values(), *shelf.dates(names.SETTLED).values()), default=0.0)
    since = -math.inf if every else newest - RECENT.total_seconds()
    names_by_place = {place: place.removeprefix(names.JOBS) for place in sorted(stored) if dates[place] >= since}
    launched = {name: dates[place] for place, name in names_by_place.items() if "/" not in name}
    failed = [name for name in launched if names.failed_job(name) in stored]
    lost = [name for name in launched if names.lost_job(name) in stored and name not in failed]
    shipped = _shipped(shelf, launched)
    under_way = [name for name in launched if name not in shipped and name not in failed and name not in lost]
    lines = [*_held(shelf, stored), *_under_way(shelf, under_way), *_configured_wrong(shelf, failed, shipped)]
    listed_kinds = {line.kind for line in lines}
    given_up: Iterable[JobLine] = ()
    if newest:
        given_up = _last_of_each(shelf, {place: dates[place] for place in names_by_place}, shipped)
    elif stored:
        given_up = _given_up(shelf, history, shipped)
    return [*lines, *(line for line in given_up if line.kind not in listed_kinds)]


def _shipped(shelf: Shelf, launched: Mapping[str, float]) -> Mapping[str, datetime]:
    """When each job's unit was complete, found by the job's name in the folder or repository of the artifact."""
    settled = shelf.dates(names.SETTLED)
    since = min(launched.values(), default=math.inf) - SLACK_SECONDS
    times: dict[str, datetime] = {}
    for _, document in shelf.documents([name for name in newest_first(settled) if settled[name] >= since]):
        if decision := decision_in(document):
            at = instant.moment(decision["event"]["time"])
            in_uri = launched.keys() & set(SEPARATORS.split(str(document.get("uri"))))
            times = {**dict.fromkeys(in_uri, at), **times}
        if len(times) == len(launched):
            break
    return times


def _held(reads: Reads, stored: frozenset[str]) -> Iterator[JobLine]:
    for place in map(names.held_job, waiting(stored)):
        job = (reads.document(place) or {})["told"]
        until, why = _next_start(reads.policy(), job["kind"], now())
        yield _line(job, "held", why, place, until=until)


def held_job_sentences(reads: Reads, jobs: Sequence[str]) -> Iterator[str]:
    """A sentence for each of the jobs that still waits: when it starts under the active policy."""
    for line in _held(reads, frozenset(reads.names(names.JOBS))):
        if line.name in jobs:
            yield f"{line.name} still waits: {line.why}"


def _next_start(policy: Policy, kind: str, at: str) -> tuple[str, str]:
    """When a held job of the kind may start under the active policy, and why then."""
    job, zone = policy.jobs.get(kind), policy.cadence.time_zone
    if job is None or job.hours is None or job.hours.open_at(zone, at):
        return at, "the policy in force lets it start now; the next sweep requests it again"
    opens = job.hours.next_opening(zone, at)
    return (
        opens,
        f"it is outside its hours; the first sweep after they begin, at {opens}, starts it (jobs.{kind}.hours)",
    )


def _under_way(reads: Reads, under_way: Sequence[str]) -> Iterator[JobLine]:
    for place in map(names.job, under_way):
        job = reads.document(place) or {}
        yield _line(job, "under way", job["told"]["why"], place)


def _configured_wrong(reads: Reads, failed: Sequence[str], shipped: Mapping[str, datetime]) -> Iterator[JobLine]:
    described = reads.policy().jobs
    for name in failed:
        place = names.failed_job(name)
        job, end = reads.document(names.job(name)) or {}, reads.document(place) or {}
        is_wrong = is_pointless_again(end["failure"]) and job["kind"] in described
        if is_wrong and not _has_shipped(reads, job["kind"], end["at"], shipped):
            yield _line(job, "configured wrong", end["failure"], place)


def _last_of_each(reads: Reads, dates: Mapping[str, float], shipped: Mapping[str, datetime]) -> Iterator[JobLine]:
    """For each kind, its last job by the store's dates, if that failed, is lost or was refused."""
    ends = {names.FAILED_JOBS: "failed", names.LOST_JOBS: "failed", names.REFUSED_JOBS: "refused", names.JOBS: ""}
    newest: dict[str, tuple[str, str]] = {}
    for place in sorted(dates, key=lambda place: dates[place]):
        prefix, name = place.rpartition("/")[0] + "/", place.rpartition("/")[2]
        if prefix in ends:
            newest[name.rpartition("-")[0]] = place, "" if name in shipped else ends[prefix]
    for kind, (place, state) in sorted(newest.items()):
        end = (reads.document(place) or {}) if state and kind in reads.policy().jobs else {}
        if state == "refused" and end:
            yield _line(end, "refused", end["why"], place)
        elif end and not _has_shipped(reads, kind, end["at"], shipped):
            yield _line({**end, "kind": kind}, "failed", end["failure"], place)


def _given_up(reads: Reads, history: History, shipped: Mapping[str, datetime]) -> Iterator[JobLine]:
    """For each kind, the job of its last decision, if that failed or was refused; for a store without dates."""
    described = reads.policy().jobs
    last = {kind: line for past in history.latest("launch") for kind, line in _left_by(reads, past, shipped)}
    yield from (line for kind, line in sorted(last.items()) if line and kind in described)


def _left_by(reads: Reads, past: Past, shipped: Mapping[str, datetime]) -> Iterator[tuple[str, JobLine | None]]:
    """Each kind that a decision is about, with its job that failed or was refused, or None."""
    if past.event.type == events.JOB_FAILED:
        name = str(past.event.data["name"])
        if job := reads.document(names.job(name)):
            place = names.lost_job(name) if is_lost(str(past.event.data["failure"])) else names.failed_job(name)
            failed = _line(job, "failed", past.why, place)
            is_past = name in shipped or _has_shipped(reads, job["kind"], past.now, shipped)
            yield job["kind"], None if is_past else failed
    for event in past.outcome["events"]:
        if event["type"] == events.JOB_REFUSED:
            refused = event["data"]
            yield event["subject"], _line(refused, "refused", refused["why"], names.refused_job(refused["name"]))
        else:
            yield event["subject"], None


def _has_shipped(reads: Reads, kind: str, then: str, shipped: Mapping[str, datetime]) -> bool:
    """Whether a job of the kind has shipped after the time `then`."""
    since = [name for name, at in shipped.items() if at > instant.moment(then)]
    return any((reads.document(names.job(name)) or {})["kind"] == kind for name in since)


def _line(job: Mapping[str, Any], state: JobState, why: str, document: str, until: str | None = None) -> JobLine:
    return JobLine(name=job["name"], kind=job["kind"], state=state, until=until, why=why, document=document)
