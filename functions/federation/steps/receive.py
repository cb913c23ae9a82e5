# SPDX-License-Identifier: Apache-2.0
"""A cloud delivered something: is it new, and which events follow?"""

from collections.abc import Container, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.core import alarm, instant, names
from federation.core import event as events
from federation.core.digest import Digest, digest_of
from federation.core.event import Event
from federation.core.outcome import NOTHING, Document, Outcome, joined
from federation.gathering import Reads
from federation.sources.reading import Completion, Reading, Request, Signal
from federation.steps import alarm_states
from federation.steps.alarm_states import is_alarm

TICKS: Final[Mapping[str, Sequence[str]]] = {
    **dict.fromkeys(("reconcile", "ingest", "sweep"), (events.TICK_SWEEP, events.TICK_AUDIT, events.TICK_REGISTRY)),
    "alarms": (events.TICK_ALARMS,),
    "merge": (events.TICK_MERGE,),
    "promote": (events.TICK_PROMOTE,),
}
"""Ticks by the name of the schedule that fired."""

AT_REST: Final = frozenset({"InService", "OutOfService", "Failed", "UpdateRollbackFailed", "Deleted"})
"""States in which an endpoint is not changing, so what it serves can be compared with the channel."""

PROMPT: Final = timedelta(minutes=10)
"""A breach delivered within this time is handled without looking up the alarm's other states."""

PARKED_BYTES: Final = 65_536
"""Bytes of an unusable body that are stored for a person to inspect."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One body as it arrived, and its reading (of one record, when it was a batch).

    `inline`: this process also runs the follow-ups. A settled completion is then announced again, since an earlier
    process may have been interrupted before it had run them all. Otherwise it is dropped.
    """

    request: Request
    reading: Reading
    inline: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Events of this delivery that were stored before, ids of the settled ones, and all recorded states of its alarm."""

    stored: Mapping[str, Mapping[str, Any]]
    settled: frozenset[str]
    alarm_states: tuple[str, ...] = ()


def claims(delivery: Delivery, now: str) -> tuple[Document, ...]:
    """The completion events of this delivery, to be stored if their names are free.

    This happens before any read: if the name was free, the event is new and no look-up is needed.
    """
    completed = [_completion_event(completion, now) for completion in delivery.reading.completions]
    return tuple(Document(name=names.event(event.id), value=event.document()) for event in completed)


def gather(delivery: Delivery, taken_names: Container[str], reads: Reads, now: str) -> Facts:
    """What is already stored about the events of this delivery.

    Args:
        delivery: The body and its reading.
        taken_names: The names of its claims that were not free.
        reads: What the step may read.
        now: The time of delivery, RFC 3339 in UTC.
    """
    known_ids = [id_ for id_ in map(_event_id, delivery.reading.completions) if names.event(id_) in taken_names]
    settled = frozenset(
        id_ for id_ in known_ids if not delivery.inline and reads.document(names.settled(id_)) is not None
    )
    stored: dict[str, Mapping[str, Any]] = {
        id_: document
        for id_ in known_ids
        if id_ not in settled and (document := reads.document(names.event(id_))) is not None
    }
    states = () if urgent(delivery.reading, now) else alarm_states.recorded(delivery.reading.signal, reads, now)
    return Facts(stored=stored, settled=settled, alarm_states=states)


def decide(delivery: Delivery, facts: Facts, now: str) -> Outcome:
    """Store and announce what is new, and park an authenticated sender's unusable body. NOTHING for the rest."""
    reading = delivery.reading
    if reading.park:
        return _parked_outcome(delivery)
    if reading.verdict == "reject":
        return NOTHING
    completed = [_completion_outcome(completion, facts, now) for completion in reading.completions]
    signalled = [_signal_outcome(reading.signal, facts, now)] if reading.signal else []
    return joined([*completed, *signalled])


def urgent(reading: Reading, now: str) -> Event | None:
    """The breach in a reading, if it is too recent to look up later states of the alarm; else None."""
    signal = reading.signal
    if signal is None or not is_alarm(signal) or signal.state != "firing" or signal.at is None:
        return None
    age = instant.moment(now) - instant.moment(signal.at)
    return _breach_event(signal, signal.at) if age < PROMPT else None


def judged(delivery: Delivery, facts: Facts) -> Reading:
    """The reading that the sender's answer is made from: a repetition or a late alarm becomes `ignore`."""
    reading = delivery.reading
    known_ids = {*facts.settled, *facts.stored}
    if reading.verdict == "accept" and known_ids.issuperset(map(_event_id, reading.completions)):
        return replace(reading, verdict="ignore", why="already received: the same artifact, by its dedupe key")
    signal = reading.signal
    if signal and is_alarm(signal) and alarm_states.is_late(signal, facts.alarm_states):
        return replace(reading, signal=replace(signal, verdict="ignore"))
    return reading


def _completion_outcome(completion: Completion, facts: Facts, now: str) -> Outcome:
    event = _completion_event(completion, now)
    if event.id in facts.settled:
        return NOTHING
    if event.id in facts.stored:
        return Outcome(why="already received, not settled yet", events=(Event.of(facts.stored[event.id]),), repeat=True)
    return Outcome(why=f"{event.subject} completed", events=(event,))


def _event_id(completion: Completion) -> Digest:
    """The id of the completion's event, which does not depend on when it was delivered."""
    return _completion_event(completion, "").id


@lru_cache(maxsize=16)
def _completion_event(completion: Completion, now: str) -> Event:
    data = {
        "provider": completion.provider,
        "resource": completion.resource,
        "artifact_uri": completion.artifact_uri,
        "revision": completion.revision,
        "previous_revision": completion.previous_revision,
        "ref": completion.ref,
    }
    return events.step_event(
        "receive",
        events.ARTIFACT_COMPLETED,
        completion.resource,
        time=completion.completed_at or now,
        key=completion.dedupe_key,
        data={name: value for name, value in data.items() if value is not None},
    )


def _signal_outcome(signal: Signal, facts: Facts, now: str) -> Outcome:
    if signal.verdict != "accept":
        return NOTHING
    if signal.kind == "tick":
        return _tick_outcome(signal, now)
    if signal.kind == "endpoint" and signal.labels.get("status") in AT_REST:
        return _endpoint_outcome(signal, now)
    if is_alarm(signal):
        return _alarm_outcome(signal, facts, now)
    return NOTHING


def _tick_outcome(signal: Signal, now: str) -> Outcome:
    due = signal.scheduled_for or now
    types = TICKS.get(signal.name or "reconcile", ())
    ticks = tuple(
        events.step_event("receive", type_, "schedule", time=due, key=f"tick|{due}", data={}) for type_ in types
    )
    return Outcome(why=f"due: {', '.join(types)}", events=ticks, repeat=True) if ticks else NOTHING


def _endpoint_outcome(signal: Signal, now: str) -> Outcome:
    """Ask for an audit of the nodes, since somebody (perhaps this project) has changed them."""
    at = signal.at or now
    audit = events.step_event(
        "receive",
        events.TICK_AUDIT,
        signal.labels.get("endpoint", "endpoint"),
        time=at,
        key=f"endpoint|{signal.key}|{at}|{signal.labels['status']}",
        data={},
    )
    return Outcome(why=f"{audit.subject} is {signal.labels['status']}", events=(audit,), repeat=True)


def _alarm_outcome(signal: Signal, facts: Facts, now: str) -> Outcome:
    if alarm_states.is_late(signal, facts.alarm_states):
        return NOTHING
    at = signal.at or now
    state = alarm_states.document(signal, at)
    if signal.state != "firing":
        return Outcome(why=f"{signal.key} is {signal.state}", documents=(state,))
    return Outcome(why=f"{signal.key} fires", documents=(state,), events=(_breach_event(signal, at),))


def _breach_event(signal: Signal, at: str) -> Event:
    return alarm.breach_event(signal.key or "alarm", at, signal.labels, signal.names)


def _parked_outcome(delivery: Delivery) -> Outcome:
    request, reading = delivery.request, delivery.reading
    name = names.parked(digest_of(request.entry.encode() + b"\n" + request.body))
    value = {
        "entry": request.entry,
        "error": reading.error,
        "why": reading.why,
        "body": request.body[:PARKED_BYTES].decode("utf-8", "backslashreplace"),
        "bytes": len(request.body),
    }
    return Outcome(why=f"parked: {reading.why}", documents=(Document(name=name, value=value),))
