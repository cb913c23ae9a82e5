# SPDX-License-Identifier: Apache-2.0
"""Which held jobs start now, and which are pointless because a newer release is distilled instead?"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.outcome import Document
from federation.core.policy import Policy
from federation.core.release import recency
from federation.gathering import Reads

Record = Mapping[str, Any]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The records of the jobs that wait, by name, and for each kind with several teachers, the one to distil."""

    records: Mapping[str, Record] = msgspec.field(default_factory=dict)
    teachers: Mapping[str, str] = msgspec.field(default_factory=dict)


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to the jobs whose hours have begun: requests of jobs, and refusals, each with its document."""

    requests: Sequence[Event] = ()
    refusals: Sequence[Event] = ()

    def documents(self) -> tuple[Document, ...]:
        """The refusals' documents."""
        return tuple(Document(name=names.refused_job(event.data["name"]), value=event.data) for event in self.refusals)


def held_jobs(waiting: Sequence[str], reads: Reads) -> Held:
    """The jobs of these names that wait, as stored."""
    records = {name: record for name in waiting if (record := reads.document(names.held_job(name))) is not None}
    return Held(records=records, teachers=_teachers(records.values(), reads))


def due(event: Event, held: Held, policy: Policy, now: str) -> Due:
    """A request, under its old name, for each job whose hours have begun or are no longer in the policy.

    Of several distillations of one kind, only that of the chosen teacher starts; the others are refused.
    """
    requests, refusals = [], []
    for name, record in held.records.items():
        request = record["request"]
        kind = request["kind"]
        job = policy.jobs.get(kind)
        if not (job is None or job.hours is None or job.hours.open_at(policy.cadence.time_zone, now)):
            continue
        teacher = request.get("teacher")
        chosen = held.teachers.get(kind, teacher)
        if teacher in {None, chosen}:
            requests.append(event.follow_up("sweep", events.JOB_REQUESTED, kind, key=f"due|{name}", data=request))
        else:
            refusals.append(_refusal(event, name, kind, f"it is pointless: {chosen} is distilled instead of {teacher}"))
    return Due(requests=requests, refusals=refusals)


def _refusal(event: Event, name: str, kind: str, why: str) -> Event:
    value = {"kind": kind, "name": name, "why": why, "places": []}
    return event.follow_up("sweep", events.JOB_REFUSED, kind, key=name, data=value)


def _teachers(records: Collection[Record], reads: Reads) -> dict[str, str]:
    """By kind, the newest of several teachers; one that a roll-back left counts only if all were left."""
    teachers: dict[str, set[str]] = {}
    for record in records:
        if teacher := record["request"].get("teacher"):
            teachers.setdefault(record["request"]["kind"], set()).add(teacher)
    several = {kind: found for kind, found in teachers.items() if len(found) > 1}
    if not several:
        return {}
    channel = reads.channel(reads.policy().channel)
    return {kind: newest for kind, found in several.items() if (newest := _newest(found, channel, reads))}


def _newest(teachers: Collection[str], channel: Channel, reads: Reads) -> str | None:
    """The newest of these releases by their documents; None if none is stored."""
    releases = [release for name in teachers if (release := reads.document(names.release(name))) is not None]
    newest = max(releases, key=lambda release: (release["name"] not in channel.left, recency(release)), default=None)
    return str(newest["name"]) if newest else None
