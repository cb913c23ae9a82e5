# SPDX-License-Identifier: Apache-2.0
"""By when must a launched job have ended, and for which jobs was no end reported by then?

`launch` puts that hour into a document's name, so a sweep reads nothing about a job before that hour.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from federation.core import failure, instant, names
from federation.core.event import Event
from federation.core.outcome import Document
from federation.gathering import Reads
from federation.ports import SPOT_PATIENCE

_SLACK: Final = timedelta(days=1)
"""Added to a job's minutes: time to find a machine, to upload, and for a platform that is down for a day."""
_NEWEST: Final = 50
"""How many of a kind's newest units are searched for the unit of an overdue job."""
_HOUR: Final = "%Y-%m-%dT%H"
SEPARATORS: Final = re.compile("[/@]")
"""Separates the parts of a URI or of a resource's name; a job's name is one of the parts."""


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """The launched jobs that have ended well, and those that are lost, each with its deadline and its record."""

    ended: Sequence[str] = ()
    lost: Mapping[str, tuple[str, Mapping[str, Any]]] = msgspec.field(default_factory=dict)

    def documents(self) -> tuple[Document, ...]:
        """One document for each job that has ended."""
        return tuple(Document(name=names.ended_job(name), value={"name": name}) for name in self.ended)

    def events(self) -> Iterator[Event]:
        """One event for each job that is lost, the same at every sweep."""
        for name, (by, record) in sorted(self.lost.items()):
            yield failure.loss_event(name, record["job"], by)


def expected(name: str, job: Mapping[str, Any], now: str) -> tuple[Document, ...]:
    """The document named after the hour by which a job started now must have ended; empty if it has no limit."""
    if "max_minutes" not in job:
        return ()
    longest = timedelta(minutes=job["max_minutes"] * (SPOT_PATIENCE if job.get("spot") else 1))
    by = instant.moment(now) + longest + _SLACK + timedelta(hours=1)
    return (Document(name=names.expected_job(by.strftime(_HOUR), name), value={"name": name}),)


def unended(jobs: Collection[str]) -> dict[str, str]:
    """By job name, the last hour by which each job must have ended; jobs that ended or were reported lost are absent.

    Args:
        jobs: Names of all documents under JOBS.
    """
    expectations = sorted(
        name.removeprefix(names.EXPECTED_JOBS) for name in jobs if name.startswith(names.EXPECTED_JOBS)
    )
    hours = {name: hour for hour, _, name in (text.partition("/") for text in expectations)}
    ends = (names.ended_job, names.failed_job, names.lost_job)
    return {name: hour for name, hour in hours.items() if not any(end(name) in jobs for end in ends)}


def expectations(jobs: Collection[str]) -> Iterable[str]:
    """The names of the documents that `unended` depends on."""
    return (names.expected_job(hour, name) for name, hour in unended(jobs).items())


def overdue(
    event: Event,
    jobs: Collection[str],
    finished: Sequence[Mapping[str, Any]],
    unsettled: Iterable[Mapping[str, Any]],
    reads: Reads,
) -> Overdue:
    """The jobs without a stored end that have ended, or are lost.

    Args:
        event: The sweep's tick; its time is compared with the deadlines.
        jobs: Names of documents under JOBS.
        finished: The platforms' reports.
        unsettled: The data of stored completions that are not settled: the unit of such a job is on its way.
        reads: Used only for jobs past their hour whose end no platform reports.
    """
    expected_hours = unended(jobs)
    ended_well = name_parts(data for data in finished if "failure" not in data)
    ended_badly = name_parts(data for data in finished if "failure" in data)
    on_its_way = name_parts(unsettled)
    late = {
        name: f"{hour}:00:00Z"
        for name, hour in sorted(expected_hours.items())
        if name not in ended_well | ended_badly | on_its_way
        and instant.moment(f"{hour}:00:00Z") <= instant.moment(event.time)
    }
    records = {name: (by, record) for name, by in late.items() if (record := reads.document(names.job(name)))}
    shipped = [name for name, (_, record) in records.items() if _has_shipped(name, record["kind"], reads)]
    return Overdue(
        ended=sorted({*(expected_hours.keys() & ended_well), *shipped}),
        lost={name: entry for name, entry in records.items() if name not in shipped},
    )


def name_parts(reported: Iterable[Mapping[str, Any]]) -> set[str]:
    """Every part of the names and URIs that the platforms report; a job's name is one of the parts."""
    values = (data.get(key) for data in reported for key in ("name", "resource", "artifact_uri"))
    return {part for value in values if value for part in SEPARATORS.split(value)}


def _has_shipped(name: str, kind: str, reads: Reads) -> bool:
    """Whether a unit was accepted from a URI that contains the job's name: perhaps only its Hub push was reported."""
    newest = reads.names(f"{names.VERSIONS}{kind}/", lambda listed: listed[-_NEWEST:])
    return any(name in SEPARATORS.split((reads.document(version) or {}).get("uri", "")) for version in reversed(newest))
