# SPDX-License-Identifier: Apache-2.0
"""What do the functions need from the outside world?

Each port is a Protocol of at most six methods. An adapter raises only errors from `federation.errors`, and turns its
client's exceptions into them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from federation.core.admission import StoredFile
from federation.core.event import Event
from federation.core.outcome import Shift

RECENT: Final = timedelta(days=14)
"""How far back each sweep looks for finished jobs: longer than the longest job plus a week without a sweep."""
SPOT_PATIENCE: Final = 2
"""How many times its `max_minutes` a spot job may take, including the wait for capacity."""


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
    """A firing alarm: its key, when it began to fire (RFC 3339, UTC), its labels, and its name in the monitoring."""

    key: str
    at: str
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    name: str = ""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event on which a step failed at every delivery, set aside for a person.

    Args:
        id: The platform's id of the letter.
        step: The step that could not handle it.
        event: The event; if the body is not one of our events, an event made from its envelope.
        failure: Why it failed, if the platform says; otherwise see the step's log.
        attempts: How often it was delivered; on some platforms, listing counts as a delivery.
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
        """Every name with this prefix, sorted; includes everything stored before the call (strongly consistent)."""
        ...

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        ...

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move), else ConflictError."""
        ...


@runtime_checkable
class Dated(Protocol):
    """A store that also knows its documents' dates, so a search for the latest need not read all of them."""

    def dates(self, prefix: str) -> Mapping[str, float] | None:
        """When each document under the prefix was stored, in seconds since 1970; None if that is unknown."""
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

    def observe(self, uri: str) -> StoredFile:
        """SHA-256 and size, hashed while streaming; MissingError when nothing is there (yet)."""
        ...


class Registry(Protocol):
    """Where releases are published: the source of truth for model and version metadata."""

    def publish(self, release: str, body: bytes) -> Receipt:
        """Commit and tag the release; idempotent: a second call returns the first one's commit."""
        ...

    def find(self, release: str) -> Receipt | None:
        """The release under that tag now, or None."""
        ...


class Trainer(Protocol):
    """Where jobs run."""

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """A sentence about why `launch` cannot start this job, as far as we know without a call; None if it can."""
        ...

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; idempotent: a name that was started before starts nothing."""
        ...

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of an `artifact.completed` event for each job that succeeded within RECENT.

        For a job of ours that failed, the entry has its `name` and, as a sentence, its `failure` instead.
        """
        ...

    def artifact(self, resource: str) -> str | None:
        """URI of a finished job's unit, for an event that does not state it; None if the platform does not know it."""
        ...


class Traffic(Protocol):
    """The nodes that serve."""

    def refusal(self, channel: str, release: str) -> str | None:
        """A sentence about why `shift` cannot serve this release now; None if it can."""
        ...

    def shift(self, shift: Shift) -> None:
        """Serve that release and keep the warm ones ready; a counter below the last one applied changes nothing."""
        ...

    def serving(self, channel: str) -> Served | None:
        """What the nodes really serve; None before the first shift."""
        ...

    def probe(self, channel: str, release: str) -> bool | None:
        """Whether this release answers a golden prompt now; None if this home cannot reach it."""
        ...


class Alarms(Protocol):
    """The monitoring of the nodes that serve."""

    def firing(self) -> Sequence[Firing]:
        """Every alarm that fires now. One that fired before a release began to serve sends no event about it."""
        ...


class DeadLetters(Protocol):
    """The dead-letter queues. A person looks at the letters, fixes the cause, and has them redelivered."""

    def list(self) -> Sequence[DeadLetter]:
        """Every dead letter, oldest first; none is removed."""
        ...

    def redrive(self, step: str | None = None, ids: Collection[str] | None = None) -> int:
        """Redeliver the letters of one step, or of all steps; only those with these ids, if any are given.

        Returns how many were sent.
        A letter is removed only after it was sent, so it is delivered at least once. If it fails again, it waits for the
        next call.
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
