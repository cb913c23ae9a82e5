# SPDX-License-Identifier: Apache-2.0
"""A home on one machine whose clock the test turns, and platforms that ship what the test wants."""

from dataclasses import dataclass, field

import msgspec

from federation.core import event as events
from federation.core import names
from federation.core.alarm import breach_event
from federation.core.channel import channel_of
from federation.core.decision import summary
from federation.core.digest import canonical, digest
from federation.core.event import Event
from federation.errors import ServiceError
from federation.recorded import RecordedReads
from federation.runtime import handle
from federation.simulation.platform import POLICY, shipment
from federation.steps import load
from federation.steps.receive import TICKS
from federation.wiring.local import local_home

MONDAY = "2026-01-05T08:00:00Z"
TUESDAY = "2026-01-06T09:30:00Z"
WEDNESDAY = "2026-01-07T12:00:00Z"
THURSDAY = "2026-01-08T08:00:00Z"
NEXT_TUESDAY = "2026-01-13T09:30:00Z"


@dataclass
class Home:
    """The local home, everything that was announced in it, and short ways to make things happen."""

    local: object
    now: str = MONDAY
    announced: list = field(default_factory=list)
    outcomes: list = field(default_factory=list)

    @property
    def store(self):
        return self.local.ports.store

    def tell(self, type_, subject="test", key=None, at=None, **data):
        """Announce an event and handle everything that follows from it."""
        time = at or self.now
        event = Event(
            type=type_, source="//test", subject=subject, time=time, key=key or f"{subject}|{time}", data=data
        )
        self.local.bus.announce([event])
        return self.drain()

    def alarm(self, at=None, name="churn-prod-5xx"):
        """An SLO is breached, as its cloud tells it, and everything follows from that."""
        self.local.bus.announce([breach_event(name, at or self.now, {})])
        return self.drain()

    def drain(self):
        before = len(self.announced)

        def deliver(step, event):
            outcome = handle(step, event, self.local.ports, self.now)
            self.outcomes.append((step, outcome))
            self.announced.extend(outcome.events)

        self.local.bus.drain(deliver)
        assert (dead := self.local.bus.dead()) == [], dead
        return self.announced[before:]

    def ship(self, kind, number, quality="good", content="", *, complete=True, at=None, embedder=None):
        """Lay a shipment down where a platform would, and tell that it is complete."""
        serving = self.channel.serving
        sent = shipment(kind, number, quality, serving.units.get(kind) if serving else None, content, embedder=embedder)
        where = f"bucket/{kind}-{number}-{content or 'own'}"
        for path, body in sent.files.items():
            if complete or path != "quality.jsonl":
                self.place(f"{where}/{path}", body)
        return self.tell(
            events.ARTIFACT_COMPLETED, subject=where, key=where, at=at, artifact_uri=f"s3://{where}/", provider="s3"
        )

    def place(self, path, body):
        file = self.local.folder / "clouds" / "s3" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)

    def tick(self, what, at):
        self.now = at
        return [event for type_ in TICKS[what] for event in self.tell(type_)]

    def activate(self, version, **policy):
        """A newer policy: the simulated one with some of its fields replaced."""
        self.store.keep(names.policy(version), canonical({**POLICY, "version": version, **policy}))

    def policy_digest(self, version):
        return digest(self.document(names.policy(version)))

    def first_release(self):
        """Three good units, merged on Monday and promoted on Tuesday."""
        for kind in ("textgen-lora", "embedder", "runtime-distilled"):
            self.ship(kind, 1)
        self.tick("merge", MONDAY)
        self.tick("promote", TUESDAY)
        return self.channel.serving

    def second_release(self):
        """Another embedder, promoted a week later at 09:30: v1.0.1 serves, alarms count from 09:35, v1.0.0 is warm."""
        self.first_release()
        self.ship("embedder", 2)
        self.tick("merge", THURSDAY)
        self.tick("promote", NEXT_TUESDAY)
        assert self.channel.serving.name.endswith("v1.0.1")
        return self

    @property
    def channel(self):
        body = self.store.channel("production")
        return channel_of(msgspec.json.decode(body) if body else None, "production")

    def document(self, name):
        body = self.store.read(name)
        return msgspec.json.decode(body) if body else None

    def told(self, type_):
        return [event for event in self.announced if event.type == type_]

    def decisions(self, step):
        return [self.document(name) for name in self.store.names(f"{names.DECISIONS}{step}/")]

    def assert_decides_again(self, decision):
        """From what the decision has recorded, its step decides the same, to the byte."""
        step = load(decision["step"])
        reads = RecordedReads(decision["reads"], self.store, self.local.ports.artifacts)
        heard = Event.of(decision["event"])
        outcome = step.decide(heard, step.gather(heard, reads), reads.policy(), decision["now"])
        assert canonical(summary(outcome)) == canonical(decision["outcome"])


def home(folder, **policy):
    """A fresh home under the simulated policy, with some of its fields replaced."""
    made = Home(local=local_home(folder, in_memory=True))
    document = {**POLICY, **policy}
    made.store.keep(names.policy(document["version"]), canonical(document))
    return made


class Crashing:
    """A store that a process loses before it keeps a document with such a name."""

    def __init__(self, store, prefix):
        self._store, self._prefix = store, prefix

    def __getattr__(self, name):
        return getattr(self._store, name)

    def keep(self, name, body):
        if name.startswith(self._prefix):
            raise ServiceError("gone")
        self._store.keep(name, body)


def asked_by(who):
    """A merge that a person asks for on Thursday."""
    return Event(type=events.MERGE_REQUESTED, source="//test", subject=who, time=THURSDAY, key=who, data={"who": who})
