# SPDX-License-Identifier: Apache-2.0
"""What do the functions need of the world?

Each port is a Protocol of at most six methods. An adapter raises only errors of `federation.errors`: MissingError,
ConflictError, or ServiceError around whatever its client raised.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from federation.core.admission import Observed
from federation.core.event import Event
from federation.core.outcome import Shift

RECENT: Final = timedelta(days=14)
"""How far back every sweep looks for what ended: longer than the longest job and a week of nobody looking."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that a registry holds a release: the commit, the tag, and the digest of what lies there."""

    commit: str
    tag: str
    digest: str


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What a serving node says that it serves, and the counter of the shift that it obeyed last."""

    counter: int
    release: str


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that fires now: its key, since when (RFC 3339, UTC), and what it is labelled with."""

    key: str
    at: str
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What was delivered to a step in vain, again and again, and was put aside for a person.

    Args:
        id: The platform's name for this one.
        step: Which step could not handle it.
        event: The event; of a body that is none of ours, as much as its envelope tells.
        failure: Why, where the platform tells; else the step's log does.
        attempts: How often it was delivered; looking at it may count.
        at: When it was first sent to the step, where the platform tells, else when it happened (RFC 3339, UTC).
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
        """Write once without comparing: whether the name was free."""
        ...

    def keep(self, name: str, body: bytes) -> None:
        """Write once: the same body again is a no-op, another body under a taken name a ConflictError."""
        ...

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        ...

    def names(self, prefix: str) -> Sequence[str]:
        """Every name that begins so, sorted; what was kept before the call is in it."""
        ...

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        ...

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move), else ConflictError."""
        ...


@runtime_checkable
class Dated(Protocol):
    """What a store in a cloud tells besides, and a person who looks for the latest need not read everything."""

    def dates(self, prefix: str) -> Mapping[str, float] | None:
        """When each document was kept whose name begins so, in seconds since 1970; None where nobody knows."""
        ...


class Bus(Protocol):
    """Where events are announced; delivery is at least once, in any order."""

    def announce(self, events: Sequence[Event]) -> None:
        """Hand each event to every step that hears its type."""
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
        """Commit and tag the release; a second call finds the first one's commit."""
        ...

    def find(self, release: str) -> Receipt | None:
        """What the registry holds under that tag now."""
        ...


class Trainer(Protocol):
    """Where jobs run."""

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why `launch` could not start that job here, in a sentence, as far as that is known without asking the platform."""
        ...

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; a name that was started before starts nothing."""
        ...

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of an `artifact.completed` event for each job that ended well within RECENT.

        A job of ours that ended without a unit has instead its `name` and, as a sentence, its `failure`.
        """
        ...

    def artifact(self, resource: str) -> str | None:
        """Where the unit of a finished job lies, when its event did not tell; None when its platform does not either."""
        ...


class Traffic(Protocol):
    """The nodes that serve."""

    def refusal(self, channel: str, release: str) -> str | None:
        """Why `shift` could not serve that release now, in a sentence, where something has to be done beforehand."""
        ...

    def shift(self, shift: Shift) -> None:
        """Serve that release and keep the warm ones ready; a counter below the last obeyed changes nothing."""
        ...

    def serving(self, channel: str) -> Served | None:
        """What is really served, read back; None before the first shift."""
        ...

    def probe(self, channel: str, release: str) -> bool:
        """Whether that release answers a golden prompt now."""
        ...


class Alarms(Protocol):
    """Whoever watches the nodes that serve."""

    def firing(self) -> Sequence[Firing]:
        """Every alarm that fires now: one that fired before a release began sends no event about it."""
        ...


class DeadLetters(Protocol):
    """Where lies what was delivered in vain; a person looks, mends the cause, and has it delivered again."""

    def list(self) -> Sequence[DeadLetter]:
        """Everything that lies there now, oldest first; it stays there."""
        ...

    def redrive(self, step: str | None = None) -> int:
        """Have the step's letters, or all, delivered again: at least once, and none is taken away before it is sent.

        Returns how many were sent. What fails again while this runs waits for the next time.
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
