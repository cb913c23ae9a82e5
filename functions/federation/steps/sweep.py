# SPDX-License-Identifier: Apache-2.0
"""What did we miss? Polling is the truth, a webhook is a hint.

Whatever a cloud really finished and we have not settled goes through the same path as its event would have; what serves
and what the registry holds are read back and compared with the channel.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from federation.core import alarm, instant, names
from federation.core import channel as channels
from federation.core import event as events
from federation.core.channel import Cause, Channel, Entry
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import NOTHING, Document, Move, Outcome, shift
from federation.core.policy import Policy
from federation.ports import Firing, Reads, Receipt, Served

HEARS = (events.TICK_SWEEP, events.RELEASE_PROMOTED)

PROBE_HOURS: Final = 20
"""A release that proved less than this long ago that it can serve is not asked to prove it again."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the clouds have, what we have settled, and what is really live."""

    channel: Channel
    firing: Sequence[Firing] = ()
    finished: Sequence[Mapping[str, Any]] = ()
    heard: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    served: Served | None = None
    receipts: Mapping[str, Receipt | None] = msgspec.field(default_factory=dict)
    probes: Mapping[str, bool] = msgspec.field(default_factory=dict)
    jobs: frozenset[str] = frozenset()
    held: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)


def gather(event: Event, reads: Reads) -> Facts:
    """Lists from every side; when a release begins, only the alarms, for one that fires already sends no event."""
    channel = reads.channel(reads.policy().channel)
    if event.type == events.RELEASE_PROMOTED:
        return Facts(channel=channel, firing=reads.firing())
    settled = frozenset(name.removeprefix(names.SETTLED) for name in reads.names(names.SETTLED))
    heard = [name for name in reads.names(names.EVENTS) if name.removeprefix(names.EVENTS) not in settled]
    live = channel.live()
    jobs = frozenset(reads.names(names.JOBS))
    unproven = {entry.name for entry in live if _needs_probe(entry, event.time)}
    return Facts(
        channel=channel,
        firing=reads.firing(),
        finished=reads.finished(),
        heard={name: found for name in heard if (found := reads.document(name)) is not None},
        settled=settled,
        served=reads.served(channel.name),
        receipts={entry.name: reads.published(entry.name) for entry in live},
        probes={name: reads.probe(channel.name, name) for name in sorted(unproven)},
        jobs=jobs,
        held={name: found for name in _waiting(jobs) if (found := reads.document(names.held_job(name))) is not None},
    )


def decide(event: Event, facts: Facts, policy: Policy, now: str) -> Outcome:
    """Feed what was missed through the path of events, mend drift, report tampering, and remember proofs of warmth."""
    breached = tuple(alarm.breached(one.key, one.at, one.labels) for one in facts.firing)
    if event.type == events.RELEASE_PROMOTED:
        return Outcome(why=_fire(facts), events=breached) if breached else NOTHING
    missed = tuple(_missed(facts))
    drift = _drift(event, facts)
    tampered = tuple(_tampered(event, facts))
    failed = tuple(_failed(facts))
    due = tuple(_due(event, facts, policy, now))
    move = _probed(event, facts, now)
    documents = tuple(
        Document(name=names.event(found.id), value=found.document())
        for found in missed
        if names.event(found.id) not in facts.heard
    )
    if not (breached or missed or failed or due or drift or tampered or move):
        return NOTHING
    channel = channels.channel_of(move.to, facts.channel.name) if move else facts.channel
    found = [
        _fire(facts) if breached else "",
        f"unsettled completions: {len(missed)}" if missed else "",
        f"ended without a unit: {_names(failed)}" if failed else "",
        f"hours have come for: {_names(due)}" if due else "",
        str(drift.data["why"]) if drift else "",
        *(str(told.data["why"]) for told in tampered),
        f"proven warm: {', '.join(sorted(name for name, yes in facts.probes.items() if yes))}" if move else "",
    ]
    why = "; ".join(part for part in found if part)
    return Outcome(
        why=why,
        documents=documents,
        move=move,
        acts=(shift(channel),) if drift else (),
        events=(*breached, *missed, *failed, *due, *([drift] if drift else []), *tampered),
    )


def _fire(facts: Facts) -> str:
    return f"alarms that fire now: {', '.join(one.key for one in facts.firing)}"


def _missed(facts: Facts) -> Sequence[Event]:
    told = {name: Event.of(document) for name, document in facts.heard.items()}
    for data in facts.finished:
        if "failure" in data:
            continue
        found = _completed(data)
        if names.short(found.id) not in facts.settled:
            told.setdefault(names.event(found.id), found)
    return [found for _, found in sorted(told.items()) if found.type == events.ARTIFACT_COMPLETED]


def _completed(data: Mapping[str, Any]) -> Event:
    return Event(
        type=events.ARTIFACT_COMPLETED,
        source="//federation/sweep",
        subject=data["resource"],
        time=data["completed_at"],
        key=data["dedupe_key"],
        data={
            name: data[name] for name in ("provider", "resource", "artifact_uri", "revision", "ref") if data.get(name)
        },
    )


def _failed(facts: Facts) -> Iterator[Event]:
    """Jobs of ours that ended without a unit, until `launch` has dealt with them."""
    for data in facts.finished:
        name = data.get("name", "")
        if "failure" in data and names.job(name) in facts.jobs and names.failed_job(name) not in facts.jobs:
            yield Event(
                type=events.JOB_FAILED,
                source="//federation/sweep",
                subject=name,
                time=data["completed_at"],
                key=data["dedupe_key"],
                data={key: data[key] for key in ("provider", "resource", "name", "failure")},
            )


def _waiting(jobs: frozenset[str]) -> Sequence[str]:
    """Names of the jobs that are held, and neither launched nor refused since."""
    held = (name.removeprefix(names.HELD_JOBS) for name in sorted(jobs) if name.startswith(names.HELD_JOBS))
    return [name for name in held if names.job(name) not in jobs and names.refused_job(name) not in jobs]


def _due(event: Event, facts: Facts, policy: Policy, now: str) -> Iterator[Event]:
    """The jobs that wait for their hours, when those have come: each is asked for again under its name."""
    for name, held in facts.held.items():
        request = held["request"]
        job = policy.jobs.get(request["kind"])
        if job is None or job.hours is None or job.hours.open_at(policy.cadence.time_zone, now):
            yield Event(
                type=events.JOB_REQUESTED,
                source="//federation/sweep",
                subject=request["kind"],
                time=event.time,
                key=f"due|{name}",
                data=request,
            )


def _names(told: Sequence[Event]) -> str:
    return ", ".join(str(event.data["name"]) for event in told)


def _drift(event: Event, facts: Facts) -> Event | None:
    serving = facts.channel.serving
    if serving is None or (facts.served and facts.served.release == serving.name):
        return None
    served = facts.served.release if facts.served else "nothing"
    why = f"{served} is really served, and the channel says {serving.name}; traffic is shifted again"
    return Event(
        type=events.DRIFT_DETECTED,
        source="//federation/sweep",
        subject=serving.name,
        time=event.time,
        key=f"{event.id}|{served}|{serving.name}",
        data={"served": served, "release": serving.name, "why": why},
    )


def _tampered(event: Event, facts: Facts) -> Sequence[Event]:
    return [told for entry in facts.channel.live() if (told := _tamper(event, entry, facts.receipts.get(entry.name)))]


def _tamper(event: Event, entry: Entry, receipt: Receipt | None) -> Event | None:
    if receipt and receipt.digest == entry.digest and receipt.commit == entry.commit:
        return None
    found = f"commit {receipt.commit} with {receipt.digest}" if receipt else "nothing"
    why = f"the tag {entry.name} should name commit {entry.commit} with {entry.digest}, and names {found}"
    return Event(
        type=events.TAMPER_DETECTED,
        source="//federation/sweep",
        subject=entry.name,
        time=event.time,
        key=f"{entry.name}|{digest(why)}",
        data={"release": entry.name, "why": why},
    )


def _needs_probe(entry: Entry, time: str) -> bool:
    if entry.probed_at is None:
        return True
    return instant.moment(entry.probed_at) + timedelta(hours=PROBE_HOURS) <= instant.moment(time)


def _probed(event: Event, facts: Facts, now: str) -> Move | None:
    proven = [name for name, answered in facts.probes.items() if answered]
    if not proven or facts.channel.moved_by(event.id):
        return None
    cause = Cause(event=event.id, at=now, who="sweep", why=f"{', '.join(proven)} answered its probe")
    to = channels.probed(facts.channel, proven, cause)
    return Move(channel=facts.channel.name, expected=facts.channel.counter, to=to.document())
