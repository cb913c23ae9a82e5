# SPDX-License-Identifier: Apache-2.0
"""Which jobs wait, which are under way, and which want a person before they are asked for again?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from federation.core import instant, names
from federation.core.decision import decision_in
from federation.core.failure import is_pointless_again
from federation.ports import Reads

JobState = Literal["held", "under way", "configured wrong"]
_SEPARATORS: Final = re.compile("[/@]")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """One job: its state, until when it waits (RFC 3339, UTC), why in a sentence, and the document that says so."""

    name: str
    kind: str
    state: JobState
    until: str | None
    why: str
    document: str


def open_jobs(reads: Reads) -> Sequence[JobLine]:
    """The jobs that are held, then those under way, then those configured wrong, each in the order of their names.

    A job is under way from its launch until its unit is settled or it has failed. One that was configured wrong is told
    until a job of its kind has shipped since, or the policy describes none.
    """
    stored = frozenset(reads.names(names.JOBS))
    launched = [name for place in sorted(stored) if "/" not in (name := place.removeprefix(names.JOBS))]
    failed = [name for name in launched if names.failed_job(name) in stored]
    shipped = _shipped(reads, launched) if launched else {}
    under_way = [name for name in launched if name not in shipped and name not in failed]
    return [*_held(reads, stored), *_under_way(reads, under_way), *_wrong(reads, failed, shipped)]


def _shipped(reads: Reads, launched: Sequence[str]) -> Mapping[str, datetime]:
    """When each job's unit was complete: every platform puts it into a folder or a repository of the job's name."""
    found: dict[str, datetime] = {}
    for place in reads.names(names.SETTLED):
        document = reads.document(place) or {}
        if decision := decision_in(document):
            at = instant.moment(decision["event"]["time"])
            found |= dict.fromkeys(set(_SEPARATORS.split(str(document.get("uri")))).intersection(launched), at)
    return found


def _held(reads: Reads, stored: frozenset[str]) -> Iterator[JobLine]:
    """Held, and neither launched nor refused since."""
    for place in sorted(stored):
        name = place.removeprefix(names.HELD_JOBS)
        if name == place or names.job(name) in stored or names.refused_job(name) in stored:
            continue
        told = (reads.document(place) or {})["told"]
        yield _line(told, "held", told["why"], place, until=told["opens"])


def _under_way(reads: Reads, under_way: Sequence[str]) -> Iterator[JobLine]:
    for place in map(names.job, under_way):
        job = reads.document(place) or {}
        yield _line(job, "under way", job["told"]["why"], place)


def _wrong(reads: Reads, failed: Sequence[str], shipped: Mapping[str, datetime]) -> Iterator[JobLine]:
    described = reads.policy().jobs
    for name in failed:
        place = names.failed_job(name)
        job, ended = reads.document(names.job(name)) or {}, reads.document(place) or {}
        if is_pointless_again(ended["failure"]) and job["kind"] in described:
            since = [one for one, at in shipped.items() if at > instant.moment(ended["at"])]
            if not any((reads.document(names.job(one)) or {})["kind"] == job["kind"] for one in since):
                yield _line(job, "configured wrong", ended["failure"], place)


def _line(job: Mapping[str, Any], state: JobState, why: str, document: str, until: str | None = None) -> JobLine:
    return JobLine(name=job["name"], kind=job["kind"], state=state, until=until, why=why, document=document)
