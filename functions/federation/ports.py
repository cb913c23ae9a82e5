# SPDX-License-Identifier: Apache-2.0
"""What do the functions need from the outside world?

Each port is a Protocol of at most six methods. An adapter raises only errors from `federation.errors`, and wraps in
them whatever its client raised.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from federation.core.admission import Observed
from federation.core.event import Event
from federation.core.outcome import Shift

RECENT: Final = timedelta(days=14)
"""How far back each sweep looks for finished jobs: longer than the longest job plus a week without a sweep."""
SPOT_PATIENCE: Final = 2
"""A spot job may take this many times its `max_minutes`, including the wait for capacity."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that a registry has a release: the commit, the tag, and the digest of the content."""

    commit: str
    tag: str
    digest: str


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """The release that a serving node reports, and the counter of the last shift that it applied."""

    counter: int
    release: str


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that is firing: its key, when it began to fire (RFC 3339, UTC), its labels, and its monitor's name for it."""

    key: str
    at: str
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    name: str = ""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event on which a step failed at every delivery, set aside for a person.

    Args:
        id: The platform's id of the letter.
        step: The step that could not handle it.
        event: The event; for a body that is not one of our events, what its envelope says.
        failure: Why it failed, if the platform says; otherwise the step's log does.
        attempts: How often it was delivered; on some platforms, listing it counts as a delivery.
        at: When it was first sent to the step, if the platform says, else the event's time (RFC 3339, UTC).
    """

    id: str
    step: str
    event: Event
    failure: str
    attempts: int
    at: str


class Store(Protocol):
    """Documents that never change under their names, and channels that move by compare-and-set."""

    def claim(self, name: str, body: bytes) -> bool:
        """Create the document if the name is free, and return whether it was; an existing document is not compared."""
        ...

    def keep(self, name: str, body: bytes) -> None:
        """Create the document; the same body again is a no-op, another body under a taken name a ConflictError."""
        ...

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        ...

    def names(self, prefix: str) -> Sequence[str]:
        """Every name with this prefix, sorted; includes everything kept before the call (strongly consistent)."""
        ...

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        ...

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move), else ConflictError."""
        ...


@runtime_checkable
class Dated(Protocol):
    """What a cloud's store can also do, so that a search for the latest documents need not read all of them."""

    def dates(self, prefix: str) -> Mapping[str, float] | None:
        """When each document under the prefix was kept, in seconds since 1970; None where that is unknown."""
        ...


class Bus(Protocol):
    """Where events are announced; delivery is at least once, in any order."""

    def announce(self, events: Sequence[Event]) -> None:
        """Deliver each event to every step that handles its type."""
        ...


class Artifacts(Protocol):
    """Files that platforms shipped, by URI."""

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError when nothing is there (yet), ContractError beyond `limit` bytes."""
        ...

    def observe(self, uri: str) -> Observed:
        """SHA-256 and size, hashed while streaming; MissingError when nothing is there (yet)."""
        ...


class Registry(Protocol):
    """Where releases are published: the source of truth for model and version metadata."""

    def publish(self, release: str, body: bytes) -> Receipt:
        """Commit and tag the release; idempotent: a second call returns the first one's commit."""
        ...

    def find(self, release: str) -> Receipt | None:
        """What the registry has under that tag now, or None."""
        ...


class Trainer(Protocol):
    """Where jobs run."""

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why `launch` could not start this job, in a sentence, as far as is known without asking the platform."""
        ...

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; idempotent: a name that was started before starts nothing."""
        ...

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of an `artifact.completed` event for each job that ended well within RECENT.

        For a job of ours that ended without a unit, the entry has its `name` and, as a sentence, its `failure` instead.
        """
        ...

    def artifact(self, resource: str) -> str | None:
        """URI of a finished job's unit, for an event that does not state it; None if the platform does not know it."""
        ...


class Traffic(Protocol):
    """The nodes that serve."""

    def refusal(self, channel: str, release: str) -> str | None:
        """Why `shift` could not serve this release now, in a sentence; None if nothing has to be done first."""
        ...

    def shift(self, shift: Shift) -> None:
        """Serve that release and keep the warm ones ready; a counter below the last one applied changes nothing."""
        ...

    def serving(self, channel: str) -> Served | None:
        """What is really served, read back; None before the first shift."""
        ...

    def probe(self, channel: str, release: str) -> bool | None:
        """Whether this release answers a golden prompt now; None where it cannot be reached."""
        ...


class Alarms(Protocol):
    """The monitoring of the nodes that serve."""

    def firing(self) -> Sequence[Firing]:
        """Every alarm that fires now, since one that fired before a release began to serve sends no event about it."""
        ...


class DeadLetters(Protocol):
    """The dead-letter queues: a person inspects them, mends the cause, and has the letters redelivered."""

    def list(self) -> Sequence[DeadLetter]:
        """Every dead letter, oldest first; none is removed."""
        ...

    def redrive(self, step: str | None = None) -> int:
        """Deliver the letters of one step, or of all, again, and return how many were sent.

        Each letter is removed only after it was sent, so it is delivered at least once. One that fails again meanwhile
        waits for the next call.
        """
        ...


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Every port that a home has."""

    store: Store
    bus: Bus
    artifacts: Artifacts
    registry: Registry
    trainer: Trainer
    traffic: Traffic
    alarms: Alarms
