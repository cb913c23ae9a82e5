# SPDX-License-Identifier: Apache-2.0
"""By when must a launched job have ended, and of which has nobody heard by then?

`launch` puts that hour into the name of a document, so that a sweep reads nothing about a job before its hour has come.
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
"""For what comes on top of a job's minutes: a machine to be found, an upload, a platform that does not answer for a day."""
_NEWEST: Final = 50
"""Units of a kind among which that of an overdue job is looked for."""
_HOUR: Final = "%Y-%m-%dT%H"
SEPARATORS: Final = re.compile("[/@]")
"""Between the parts of a place or of a resource's name, one of which is the name of a job."""


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Which launched jobs have ended well since, and those that are lost: when each must have ended, and its record."""

    ended: Sequence[str] = ()
    lost: Mapping[str, tuple[str, Mapping[str, Any]]] = msgspec.field(default_factory=dict)

    def documents(self) -> tuple[Document, ...]:
        """One document for each job that has ended."""
        return tuple(Document(name=names.ended_job(name), value={"name": name}) for name in self.ended)

    def events(self) -> Iterator[Event]:
        """One event for each job that is lost, the same at every sweep."""
        for name, (by, record) in sorted(self.lost.items()):
            yield failure.lost(name, record["job"], by)


def expected(name: str, job: Mapping[str, Any], now: str) -> tuple[Document, ...]:
    """The document with the full hour by which a job that is started now must have ended; none if it has no limit."""
    if "max_minutes" not in job:
        return ()
    longest = timedelta(minutes=job["max_minutes"] * (SPOT_PATIENCE if job.get("spot") else 1))
    by = instant.moment(now) + longest + _SLACK + timedelta(hours=1)
    return (Document(name=names.expected_job(by.strftime(_HOUR), name), value={"name": name}),)


def unended(jobs: Collection[str]) -> dict[str, str]:
    """By job, the last hour by which it must have ended; of those that are neither known to have ended nor told as lost.

    Args:
        jobs: Names of all documents under JOBS.
    """
    expectations = sorted(
        name.removeprefix(names.EXPECTED_JOBS) for name in jobs if name.startswith(names.EXPECTED_JOBS)
    )
    hours = {name: hour for hour, _, name in (one.partition("/") for one in expectations)}
    ends = (names.ended_job, names.failed_job, names.lost_job)
    return {name: hour for name, hour in hours.items() if not any(end(name) in jobs for end in ends)}


def expectations(jobs: Collection[str]) -> Iterable[str]:
    """The names of the documents that `unended` rests on."""
    return (names.expected_job(hour, name) for name, hour in unended(jobs).items())


def overdue(
    event: Event,
    jobs: Collection[str],
    finished: Sequence[Mapping[str, Any]],
    heard: Iterable[Mapping[str, Any]],
    reads: Reads,
) -> Overdue:
    """What became of the jobs of which no end is stored.

    Args:
        event: The sweep's tick, whose time is the one to compare with.
        jobs: Names of documents under JOBS.
        finished: What the platforms tell.
        heard: The data of completions that were heard of and are not settled: a unit of such a job is on its way.
        reads: Asked only about jobs whose hour has come, and of whose end no platform tells.
    """
    waited = unended(jobs)
    well = named(data for data in finished if "failure" not in data)
    badly = named(data for data in finished if "failure" in data)
    on_its_way = named(heard)
    late = {
        name: f"{hour}:00:00Z"
        for name, hour in sorted(waited.items())
        if name not in well | badly | on_its_way and instant.moment(f"{hour}:00:00Z") <= instant.moment(event.time)
    }
    found = {name: (by, record) for name, by in late.items() if (record := reads.document(names.job(name)))}
    shipped = [name for name, (_, record) in found.items() if _has_shipped(name, record["kind"], reads)]
    return Overdue(
        ended=sorted({*(waited.keys() & well), *shipped}),
        lost={name: told for name, told in found.items() if name not in shipped},
    )


def named(told: Iterable[Mapping[str, Any]]) -> set[str]:
    """Every part of the names and places that the platforms tell; the name of a job is one of them."""
    values = (data.get(key) for data in told for key in ("name", "resource", "artifact_uri"))
    return {part for value in values if value for part in SEPARATORS.split(value)}


def _has_shipped(name: str, kind: str, reads: Reads) -> bool:
    """Whether a unit was accepted from a place that is named after the job, as when only its push to the Hub was told."""
    newest = reads.names(f"{names.VERSIONS}{kind}/", lambda listed: listed[-_NEWEST:])
    return any(name in SEPARATORS.split((reads.document(version) or {}).get("uri", "")) for version in reversed(newest))
