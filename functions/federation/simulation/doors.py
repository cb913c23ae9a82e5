# SPDX-License-Identifier: Apache-2.0
"""Delivers events from outside, on the bus or through `receive` as a cloud does."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from federation.core import alarm
from federation.core import event as events
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.uri import SENTINEL
from federation.simulation.played import Played
from federation.sources import Request
from federation.steps.receive import TICKS

_MONITOR: Final = "am"
"""The prefix that `receive` gives to the key of an alert group."""


def reported(type_: str, subject: str, key: str, played: Played, data: Mapping[str, Any]) -> Event:
    """An event that somebody outside reports now."""
    return Event(type=type_, source="//simulation", subject=subject, time=played.now, key=key, data=data)


def completed(played: Played, places: Sequence[str], copies: int) -> None:
    """Report a manifest in each place: an event each on the bus, or one S3 notification with a record each."""
    if played.way != "bus":
        _knock(played, "lambda:s3-notification", {"Records": [_s3_record(played, where) for where in places]}, copies)
        return
    for where in places:
        data = {"provider": "s3", "resource": where, "artifact_uri": where}
        arrive(played, reported(events.ARTIFACT_COMPLETED, where, f"job|{where}", played, data), copies)


def _s3_record(played: Played, where: str) -> dict[str, Any]:
    s3_object = {"key": f"{where.removeprefix('s3://bucket/')}{SENTINEL}", "sequencer": str(played.minute)}
    record: dict[str, Any] = {"eventSource": "aws:s3", "eventVersion": "2.1", "eventName": "ObjectCreated:Put"}
    return {**record, "eventTime": played.now, "s3": {"bucket": {"name": "bucket"}, "object": s3_object}}


def ticked(played: Played, what: str, copies: int) -> None:
    """Let a schedule fire."""
    if played.way != "bus":
        _knock(played, "lambda:scheduler", {"kind": what, "time": played.now}, copies)
        return
    for type_ in TICKS[what]:
        arrive(played, reported(type_, "schedule", f"tick|{played.now}", played, {}), copies)


def breached(played: Played, key: str, name: str, at: str, copies: int) -> None:
    """Let a monitor report that an alarm began to fire."""
    if played.way != "bus":
        alerts = [{"status": "firing", "startsAt": at, "labels": {"alertname": name}}]
        group = {"version": "4", "groupKey": key.removeprefix(f"{_MONITOR}|"), "status": "firing", "alerts": alerts}
        _knock(played, "http:alertmanager", group, copies)
        return
    arrive(played, alarm.breach_event(key, at, {}, {name: None}), copies)


def alarm_key(number: int) -> str:
    """The key of an alarm, which is the same for every way of delivery."""
    return f"{_MONITOR}|alarm {number}"


def arrive(played: Played, event: Event, copies: int = 1) -> None:
    """Put the event on the bus, `copies` times or once."""
    for _ in range(_delivery_count(played, copies)):
        played.world.bus.arrive(event)


def _knock(played: Played, entry: str, body: Mapping[str, Any], copies: int) -> None:
    request = Request(entry=entry, body=canonical(body), proven=True)
    for _ in range(_delivery_count(played, copies)):
        played.world.bus.knock(request)


def _delivery_count(played: Played, copies: int) -> int:
    """How often a delivery is made: once in a calm world, else as the story says."""
    return 1 if played.world.chaos.is_calm else copies
