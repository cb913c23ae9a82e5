# SPDX-License-Identifier: Apache-2.0
"""What arrives at a home in two weeks, in the clouds' own formats?

Five deliveries a week: three sentinels of shipped units, a merge, a promotion; the second week also ends with an alarm.
The bodies are those of events/ with other names and times. The home is a local one in memory. The policy is the
simulation's, with a quorum of three, so that a merge that comes too early waits for all units of the week.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.processes import ROOT
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.delivery import deliver
from federation.simulation.platform import PLATFORM_OF, POLICY, Kind, shipment
from federation.sources import Request, Trust
from federation.wiring.local import LocalHome, local_home

EVENTS: Final = ROOT / "events"
BUCKET: Final = "acme-ml-artifacts-prod"
CHANNEL: Final = str(POLICY["channel"])
POLICY_OF_THREE: Final = {**POLICY, "fusion": {**POLICY["fusion"], "quorum": len(PLATFORM_OF)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The times of a week's deliveries, RFC 3339 in UTC; the promotion window is Tuesdays from 10 to 14 in Berlin."""

    number: int
    shipped: str
    merge: str
    promote: str


FIRST: Final = Week(
    number=1, shipped="2026-01-04T12:00:00Z", merge="2026-01-05T08:00:00Z", promote="2026-01-06T09:10:00Z"
)
SECOND: Final = Week(
    number=2, shipped="2026-01-12T06:00:00Z", merge="2026-01-12T08:00:00Z", promote="2026-01-13T09:10:00Z"
)
ALARMED: Final = "2026-01-13T10:30:00Z"
"""Later than the settling time after the second promotion, and within its window."""
STALE: Final = "2026-01-13T09:05:00Z"
"""Before the second promotion, so an alarm about that moment is stale."""
AFTER: Final = "2026-01-13T10:31:00Z"


def home(folder: Path) -> LocalHome:
    """A home with a policy and nothing else."""
    found = local_home(folder, in_memory=True)
    found.ports.store.keep(names.policy(1), canonical(POLICY_OF_THREE))
    return found


def ship(home: LocalHome, week: Week) -> None:
    """Put the week's three units where their platforms would put them."""
    for kind in PLATFORM_OF:
        folder = home.folder / "clouds" / "s3" / BUCKET / _place(kind, week)
        folder.mkdir(parents=True)
        for path, body in files(kind, week, _serving(home)).items():
            (folder / path).write_bytes(body)


def files(kind: Kind, week: Week, serving: Mapping[str, str]) -> Mapping[str, bytes]:
    """The files that a platform's job writes that week, including the manifest.

    Args:
        kind: The kind of the only unit.
        week: The week.
        serving: Artifact digests of the serving units, by kind.
    """
    return shipment(kind, week.number, "good", serving.get(kind)).files


def deliveries(week: Week) -> Sequence[Request]:
    """What the clouds send in a week, in order."""
    told = [sentinel(_place(kind, week), week.shipped) for kind in PLATFORM_OF]
    return [*told, *ticks(week)]


def ticks(week: Week) -> Sequence[Request]:
    """The week's merge and its promotion."""
    return [_tick("merge", week.merge), _tick("promote", week.promote)]


def alarm(at: str = ALARMED) -> Request:
    """CloudWatch's event about an SLO breach at that moment."""
    body = _raw("cloudwatch/alarm_single_firing")
    body["time"] = at
    body["detail"]["state"]["timestamp"] = at.replace("Z", ".000+0000")
    return _request("lambda:eventbridge", body)


def sentinel(place: str, at: str) -> Request:
    """S3's event about a manifest that was written into a folder of the bucket at that moment."""
    body = _raw("s3/object_created_sentinel")
    body["time"] = at
    body["detail"]["object"] |= {"key": f"{place}/_MANIFEST.json", "version-id": place.replace("-v", "")}
    return _request("lambda:eventbridge", body)


def deliver_all(home: LocalHome, told: Sequence[Request | Event], now: str) -> list[Event]:
    """Deliver one after another, each until the queue is empty; return every announced event.

    Args:
        home: The home.
        told: Bodies from a cloud, or our own events, delivered again.
        now: The time of every decision.
    """
    trust = Trust.read(json.loads((EVENTS / "trust.json").read_bytes()))
    announced: list[Event] = []
    for one in told:
        if isinstance(one, Event):
            home.bus.announce([one])
        else:
            deliver(one, trust, home.ports, now)
        announced += [event for carried in home.settle(lambda: now) for event in carried.outcome.events]
    return announced


def channel(home: LocalHome) -> Mapping[str, Any]:
    """The channel's document."""
    found: Mapping[str, Any] = msgspec.json.decode(home.ports.store.channel(CHANNEL) or b"{}")
    return found


def _serving(home: LocalHome) -> Mapping[str, str]:
    serving = channel(home).get("serving")
    return serving["units"] if serving else {}


def _place(kind: Kind, week: Week) -> str:
    return f"{kind}-v{week.number}"


def _tick(kind: str, at: str) -> Request:
    body = _raw("scheduler/eventbridge_scheduler_input_context")
    return _request("lambda:scheduler", {**body, "kind": kind, "scheduled_time": at})


def _raw(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / case / "raw.json").read_bytes())
    return found


def _request(entry: str, body: Mapping[str, Any]) -> Request:
    return Request(entry=entry, body=json.dumps(body).encode())
