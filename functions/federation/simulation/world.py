# SPDX-License-Identifier: Apache-2.0
"""A world in memory that does everything a real one may: crash between two effects, answer late, lie about the past.

Whatever happens, the ports keep their contracts: a store never forgets, a bus delivers at least once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import msgspec

from federation.core.admission import Observed
from federation.core.digest import digest_of
from federation.core.event import Event
from federation.core.outcome import Shift
from federation.errors import ConflictError, MissingError, ServiceError
from federation.ports import Firing, Ports, Receipt, Served
from federation.runtime import routes
from federation.simulation.chaos import Chaos


@dataclass(slots=True, kw_only=True)
class SimulatedStore:
    """Documents and channels, with every move remembered for the promises."""

    chaos: Chaos
    documents: dict[str, bytes] = field(default_factory=dict)
    moves: dict[str, list[bytes]] = field(default_factory=dict)
    lagged: bool = False

    def claim(self, name: str, body: bytes) -> bool:
        """Write once without comparing."""
        self.chaos.between_effects()
        return self.documents.setdefault(name, body) is body

    def keep(self, name: str, body: bytes) -> None:
        """Write once."""
        self.chaos.between_effects()
        if self.documents.setdefault(name, body) != body:
            raise ConflictError(f"{name} is taken by other content")

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        return self.documents.get(name)

    def names(self, prefix: str) -> Sequence[str]:
        """Every name that begins so, sorted."""
        return sorted(name for name in self.documents if name.startswith(prefix))

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or now and then one that was true before the last move; the next read has caught up."""
        moves = [None, *self.moves.get(name, [])]
        self.lagged = not self.lagged and len(moves) > 1 and self.chaos.strikes(self.chaos.stale)
        return moves[-2 if self.lagged else -1]

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected`."""
        self.chaos.between_effects()
        moves = self.moves.setdefault(name, [])
        if len(moves) != expected:
            raise ConflictError(f"channel {name} is no longer at move {expected}")
        moves.append(to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One delivery to be made."""

    step: str
    event: Event


@dataclass(slots=True, kw_only=True)
class SimulatedBus:
    """At least once, in any order."""

    chaos: Chaos
    waiting: list[Waiting] = field(default_factory=list)
    announced: list[Event] = field(default_factory=list)

    def announce(self, events: Sequence[Event]) -> None:
        """Hand each event to every step that hears its type."""
        for event in events:
            self.chaos.between_effects()
            self.arrive(event)

    def arrive(self, event: Event) -> None:
        """An event from outside: whoever sent it makes sure that it comes."""
        self.announced.append(event)
        self.waiting.extend(Waiting(step=step, event=event) for step in _ROUTES.get(event.type, ()))


_ROUTES = routes()


@dataclass(slots=True, kw_only=True)
class SimulatedArtifacts:
    """Files by URI."""

    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes."""
        del limit
        return self.files[uri] if uri in self.files else _missing(uri)

    def observe(self, uri: str) -> Observed:
        """SHA-256 and size."""
        body = self.files[uri] if uri in self.files else _missing(uri)
        return Observed(sha256=digest_of(body).removeprefix("sha256:"), bytes=len(body))


@dataclass(slots=True, kw_only=True)
class SimulatedRegistry:
    """Releases with commits and tags; it goes down, and sometimes commits and then says that it failed."""

    chaos: Chaos
    up: bool = True
    bodies: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    times_published: dict[str, int] = field(default_factory=dict)

    def publish(self, release: str, body: bytes) -> Receipt:
        """Commit and tag the release; a second call finds the first one's commit."""
        self.chaos.between_effects()
        if not self.up:
            raise ServiceError("the hub is down")
        if release not in self.commits:
            self.bodies[release] = body
            self.commits[release] = digest_of(body).removeprefix("sha256:")[:40]
            self.times_published[release] = self.times_published.get(release, 0) + 1
            if self.chaos.strikes(self.chaos.unknown):
                raise ServiceError("500, although the commit was made")
        return Receipt(commit=self.commits[release], tag=release, digest=digest_of(self.bodies[release]))

    def find(self, release: str) -> Receipt | None:
        """What lies under the tag now."""
        if not self.up:
            raise ServiceError("the hub is down")
        if release not in self.commits:
            return None
        return Receipt(commit=self.commits[release], tag=release, digest=digest_of(self.bodies[release]))


@dataclass(slots=True, kw_only=True)
class SimulatedTrainer:
    """Jobs that ended well."""

    done: list[Mapping[str, Any]] = field(default_factory=list)

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Nothing is launched in a simulation whose policy describes no job."""
        raise ServiceError(f"{name} cannot run here: {job}")

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """Everything that ended well."""
        return self.done

    def artifact(self, resource: str) -> str | None:
        """Where it lies, if it ended well."""
        return next((data.get("artifact_uri") for data in self.done if data["resource"] == resource), None)


@dataclass(slots=True, kw_only=True)
class SimulatedTraffic:
    """A serving node that obeys the newest shift."""

    chaos: Chaos
    state: Shift | None = None

    def shift(self, shift: Shift) -> None:
        """Serve that release unless a newer shift came first."""
        self.chaos.between_effects()
        if self.state is None or self.state.counter <= shift.counter:
            self.state = shift

    def serving(self, channel: str) -> Served | None:
        """What is really served."""
        del channel
        return Served(counter=self.state.counter, release=self.state.release) if self.state else None

    def probe(self, channel: str, release: str) -> bool:
        """Whether the release is served or kept warm."""
        del channel
        return self.state is not None and release in (self.state.release, *self.state.warm)


@dataclass(slots=True, kw_only=True)
class SimulatedAlarms:
    """Alarms that fire now."""

    now: list[Firing] = field(default_factory=list)

    def firing(self) -> Sequence[Firing]:
        """Every alarm that fires now."""
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Every port of one history."""

    chaos: Chaos
    store: SimulatedStore
    bus: SimulatedBus
    artifacts: SimulatedArtifacts
    registry: SimulatedRegistry
    trainer: SimulatedTrainer
    traffic: SimulatedTraffic
    alarms: SimulatedAlarms

    @property
    def ports(self) -> Ports:
        """The world as the steps meet it."""
        return Ports(
            store=self.store,
            bus=self.bus,
            artifacts=self.artifacts,
            registry=self.registry,
            trainer=self.trainer,
            traffic=self.traffic,
            alarms=self.alarms,
        )

    def channel(self) -> Mapping[str, Any] | None:
        """The channel as it truly is."""
        moves = self.store.moves.get("production")
        found: Mapping[str, Any] | None = msgspec.json.decode(moves[-1]) if moves else None
        return found

    def document(self, name: str) -> Any:
        """A stored document, or None."""
        body = self.store.documents.get(name)
        return msgspec.json.decode(body) if body is not None else None


def world(chaos: Chaos) -> World:
    """An empty world."""
    return World(
        chaos=chaos,
        store=SimulatedStore(chaos=chaos),
        bus=SimulatedBus(chaos=chaos),
        artifacts=SimulatedArtifacts(),
        registry=SimulatedRegistry(chaos=chaos),
        trainer=SimulatedTrainer(),
        traffic=SimulatedTraffic(chaos=chaos),
        alarms=SimulatedAlarms(),
    )


def _missing(uri: str) -> NoReturn:
    raise MissingError(f"nothing lies at {uri} yet")
