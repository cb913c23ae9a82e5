# SPDX-License-Identifier: Apache-2.0
"""What does every function of a home on AWS call in two weeks? `python -m bench.cloud_walk six|three [--inline]`

boto3 and huggingface_hub run against the emulators, in a separate process because they read the environment. Each
function has its own ports, as if it had its own process, and the caches follow the story's time. Unless inline,
everything is delivered twice.
"""

import argparse
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import msgspec
from infra.emulators import aws, hub
from msgspec.structs import replace

from bench import fortnight, shipped
from bench.fortnight import Week
from bench.ledger import Call, Ledger
from bench.shipped import Units
from federation import delivery, runtime
from federation.aws.clients import Clients
from federation.aws.store import S3Store
from federation.cache import CachedStore
from federation.chain import deliver_chain, run_chain
from federation.core import instant, names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.ports import Ports
from federation.settings import Settings
from federation.sources import Request, Trust
from federation.steps import STEPS, StepName
from federation.wiring.aws import aws_ports

STORE: Final = "federation-home"
BUS: Final = "federation"
ORG: Final = "spiralverse"
FIRST: Final = "week 1"
SECOND: Final = "week 2"
ALARM: Final = "alarm"
AGAIN: Final = "again"
REST_SECONDS: Final = 600.0
"""The longest pause between two events of one process; after days, a real function would be a new process."""
_NODE: Final = {"image": "node@sha256:0", "role": "arn:aws:iam::111122223333:role/federation-node"}


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """One function's run: the part of the story, the event that it heard, and its calls."""

    part: str
    function: str
    heard: str
    calls: tuple[Call, ...]


class Home:
    """The functions of a home, called directly instead of deployed, each with its own ports."""

    def __init__(self, clouds: Any, settings: Settings) -> None:
        self.invocations: list[Invocation] = []
        self._now = fortnight.FIRST.shipped
        self._elapsed = 0.0
        self._part = ""
        self._settings = settings
        self._trust = Trust.read(dict(settings.trust))
        self._ledger = Ledger(lambda: clouds["aws"].faults.calls, lambda: clouds["hub"].faults.calls)
        self._waiting: deque[Event] = deque()
        self._ports = {name: self._function() for name in ("receive", *STEPS)}

    def deliver(self, part: str, request: Request, now: str) -> None:
        """Deliver a body and carry out everything that follows; unless inline, deliver each of these once more."""
        self._elapsed += min(_seconds_between(self._now, now), REST_SECONDS)
        self._part, self._now = part, now
        self._receive(request)
        while self._waiting:
            event = self._waiting.popleft()
            for step in runtime.routes().get(event.type, ()):
                self._run(step, event)
                self._again(partial(self._run, step, event))
        self._again(partial(self._receive, request))

    def _again(self, act: Callable[[], None]) -> None:
        """Repeat it as a duplicate and drop what it announces; do nothing inline, where each event is counted once."""
        if self._settings.inline:
            return
        part, waiting = self._part, list(self._waiting)
        self._part = AGAIN
        act()
        self._waiting.clear()
        self._waiting.extend(waiting)
        self._part = part

    def _receive(self, request: Request) -> None:
        ports = self._ports["receive"]
        if self._settings.inline:
            deliver_chain(request, self._trust, ports, lambda: self._now)
        else:
            delivery.deliver(request, self._trust, ports, self._now)
        self._ran("receive", request.entry)

    def _run(self, step: StepName, event: Event) -> None:
        if self._settings.inline:
            run_chain(step, event, self._ports[step], lambda: self._now)
        else:
            runtime.handle(step, event, self._ports[step], self._now)
        self._ran(step, event.type)

    def _ran(self, function: str, heard: str) -> None:
        calls = tuple(self._ledger.taken())
        self.invocations.append(Invocation(part=self._part, function=function, heard=heard, calls=calls))

    def _function(self) -> Ports:
        """The ports as the wiring makes them, but the cache follows the story's time and the bus is recorded."""
        ports = aws_ports(self._settings)
        bucket, prefix = self._settings.store_in("s3")
        store = CachedStore(S3Store(Clients().of("s3"), bucket, prefix), self._seconds)
        watched = self._ledger.watched(replace(ports, store=store))
        return replace(watched, bus=_Ear(watched.bus, self._waiting))

    def _seconds(self) -> float:
        return self._elapsed


def _seconds_between(earlier: str, later: str) -> float:
    return (instant.microseconds(later) - instant.microseconds(earlier)) / 1e6


class _Ear:
    """A bus that also appends its events to a queue of this process, instead of rules and queues."""

    def __init__(self, bus: Any, waiting: deque[Event]) -> None:
        self._bus = bus
        self._waiting = waiting

    def announce(self, events: Sequence[Event]) -> None:
        self._bus.announce(events)
        self._waiting.extend(events)


def walk(units: Units, *, inline: bool) -> list[Invocation]:
    """Every invocation of two weeks, with a stale and a true alarm. Call it only once: it sets the environment."""
    with _clouds() as clouds:
        _begin(clouds, units)
        home = Home(clouds, _settings(clouds, inline=inline))
        for week in (fortnight.FIRST, fortnight.SECOND):
            _week(home, clouds, units, week)
        home.deliver("stale alarm", fortnight.alarm(fortnight.STALE), fortnight.SECOND.promote)
        home.deliver(ALARM, fortnight.alarm(), fortnight.AFTER)
    return home.invocations


def _week(home: Home, clouds: Any, units: Units, week: Week) -> None:
    serving = _serving(clouds)
    for folder, files in shipped.folders(units, week, serving).items():
        _upload(clouds["aws"], folder, files)
    moments = [*[week.shipped] * 3, week.merge, week.promote]
    for told, now in zip(_told(units, week), moments, strict=True):
        home.deliver(FIRST if week.number == 1 else SECOND, told, now)


def _told(units: Units, week: Week) -> Sequence[Request]:
    folders = shipped.folders(units, week, {})
    return [*(fortnight.sentinel(folder, week.shipped) for folder in folders), *fortnight.ticks(week)]


def _upload(cloud: Any, folder: str, files: shipped.Files) -> None:
    s3 = cloud.client("s3")
    for path, body in files.items():
        s3.put_object(Bucket=fortnight.BUCKET, Key=f"{folder}/{path}", Body=body)


def _serving(clouds: Any) -> dict[str, str]:
    """Artifact digests of the serving units, by kind."""
    body = S3Store(lambda: clouds["aws"].client("s3"), STORE, "home/").channel(fortnight.CHANNEL)
    return dict(msgspec.json.decode(body)["serving"]["units"]) if body else {}


def _begin(clouds: Any, units: Units) -> None:
    cloud = clouds["aws"]
    for bucket in (STORE, fortnight.BUCKET):
        cloud.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.REGION})
    cloud.client("events").create_event_bus(Name=BUS)
    policy = shipped.policy(units)
    store = S3Store(lambda: cloud.client("s3"), STORE, "home/")
    store.keep(names.policy(int(policy["version"])), canonical(policy))


def _settings(clouds: Any, *, inline: bool) -> Settings:
    return Settings(
        home="aws",
        store=f"s3://{STORE}/home",
        bus=BUS,
        trust=msgspec.json.decode((fortnight.EVENTS / "trust.json").read_bytes()),
        registry=f"{ORG}/{ORG}-ai-federated",
        hub_endpoint=clouds["hub"].endpoint,
        endpoint="production",
        node=_NODE,
        inline=inline,
    )


@contextmanager
def _clouds() -> Iterator[dict[str, Any]]:
    with aws.serving() as amazon, hub.serving() as huggingface:
        os.environ.update(amazon.environment, HF_TOKEN="hf_local", HF_HUB_DISABLE_XET="1")
        yield {"aws": amazon, "hub": huggingface}


def main() -> None:
    """Print every invocation as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("units", choices=["six", "three"])
    parser.add_argument("--inline", action="store_true")
    options = parser.parse_args()
    sys.stdout.buffer.write(msgspec.json.encode(walk(options.units, inline=options.inline)))


if __name__ == "__main__":
    main()
