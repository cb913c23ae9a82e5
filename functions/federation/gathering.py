# SPDX-License-Identifier: Apache-2.0
"""What may a step's `gather` ask? Only reads, and every answer is recorded, so that the decision can be taken again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from federation.core.admission import Observed
from federation.core.channel import Channel
from federation.core.policy import Policy
from federation.ports import Firing, Receipt, Served

Relevant = Callable[[Sequence[str]], Iterable[str]]
"""Of a listing's names, those that a decision rests on, in their order; of these alone it gives the same ones again."""


class Reads(Protocol):
    """What a decision may read of the world."""

    def policy(self) -> Policy:
        """The active policy."""
        ...

    def policy_at_least(self, version: int | None) -> Policy:
        """The active policy, from this process's cache if that is no older than a version known to be active.

        Args:
            version: Such as the one that the event's sender used; None if it did not say.
        """
        ...

    def policy_without_delay(self) -> Policy:
        """The active policy, from this process's cache if possible: a guess, for use only where nothing may cause delay."""
        ...

    def document(self, name: str) -> Any | None:
        """The document under a name, or None."""
        ...

    def earlier(self, name: str) -> Any | None:
        """The result of an earlier delivery of this event; None if this process remembers none, which is a guess.

        Only for a name that the outcome then writes: if the guess was wrong, that write conflicts, and the event is decided
        again with a look into the store. It is also decided again if the outcome does not write the name after all.
        """
        ...

    def names(self, prefix: str, relevant: Relevant | None = None) -> Sequence[str]:
        """Every name with this prefix, sorted, or the relevant ones; the others are not recorded."""
        ...

    def channel(self, name: str) -> Channel:
        """The channel now."""
        ...

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes at a URI, or None when nothing is there yet."""
        ...

    def observe(self, uri: str) -> Observed | None:
        """SHA-256 and size of the file at a URI, or None."""
        ...

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """How the clouds' jobs ended, as their platforms report it."""
        ...

    def located(self, resource: str) -> str | None:
        """URI of a finished job's unit, asked of its platform; None if that does not know."""
        ...

    def unstartable(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why this home could not start a job as it is described, or None."""
        ...

    def firing(self) -> Sequence[Firing]:
        """The alarms that fire now."""
        ...

    def served(self, channel: str) -> Served | None:
        """What is really served."""
        ...

    def probe(self, channel: str, release: str) -> bool | None:
        """Whether a release can serve now; None where nobody can ask it."""
        ...

    def unservable(self, channel: str, release: str) -> str | None:
        """Why the nodes could not begin to serve a release, or None."""
        ...

    def published(self, release: str) -> Receipt | None:
        """What the registry really holds."""
        ...
