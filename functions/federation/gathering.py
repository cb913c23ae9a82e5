# SPDX-License-Identifier: Apache-2.0
"""Everything that a step's `gather` may read. Every answer is recorded, so that the decision can be replayed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from federation.core.admission import StoredFile
from federation.core.channel import Channel
from federation.core.policy import Policy
from federation.ports import Firing, Receipt, Served

Relevant = Callable[[Sequence[str]], Iterable[str]]
"""Selects the names that a decision depends on, in order. Applied to its own result, it returns all of it."""


class Reads(Protocol):
    """Everything that a decision may read."""

    def policy(self) -> Policy:
        """The active policy."""
        ...

    def policy_at_least(self, version: int | None) -> Policy:
        """The active policy; from this process's cache if that contains the known version.

        Args:
            version: A version known to exist, such as the event sender's; None if unknown.
        """
        ...

    def policy_without_delay(self) -> Policy:
        """The active policy from this process's cache, perhaps outdated. Only for steps that nothing may delay."""
        ...

    def document(self, name: str) -> Any | None:
        """The document under a name, or None."""
        ...

    def earlier(self, name: str) -> Any | None:
        """The result of an earlier delivery of this event, if this process knows one. None is only a guess.

        Use it only for a name that the outcome then writes. If the guess was wrong, that write conflicts, and the event
        is decided again with a read of the store. The same happens if the outcome does not write the name after all.
        """
        ...

    def names(self, prefix: str, relevant: Relevant | None = None) -> Sequence[str]:
        """Every name with this prefix, sorted; or only the relevant ones, and only those are recorded."""
        ...

    def channel(self, name: str) -> Channel:
        """The channel now."""
        ...

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes at a URI, or None if nothing is there yet."""
        ...

    def observe(self, uri: str) -> StoredFile | None:
        """SHA-256 and size of the file at a URI, or None."""
        ...

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """How the clouds' jobs ended, as their platforms report it."""
        ...

    def located(self, resource: str) -> str | None:
        """The URI of a finished job's unit, or None if its platform does not know."""
        ...

    def unstartable(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why this home could not start a job with this description; None if it could."""
        ...

    def firing(self) -> Sequence[Firing]:
        """The alarms that fire now."""
        ...

    def served(self, channel: str) -> Served | None:
        """What the nodes really serve."""
        ...

    def probe(self, channel: str, release: str) -> bool | None:
        """Whether a release can serve now; None if it cannot be reached."""
        ...

    def unservable(self, channel: str, release: str) -> str | None:
        """Why the nodes could not start to serve a release; None if they could."""
        ...

    def published(self, release: str) -> Receipt | None:
        """What the registry really has under a release's name, or None."""
        ...
