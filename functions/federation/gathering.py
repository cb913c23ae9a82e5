# SPDX-License-Identifier: Apache-2.0
"""What may a step's `gather` ask? Only reads, and every answer is recorded, so that the decision can be taken again."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from federation.core.admission import Observed
from federation.core.channel import Channel
from federation.core.policy import Policy
from federation.ports import Firing, Receipt, Served


class Reads(Protocol):
    """The world, as a decision may know it."""

    def policy(self) -> Policy:
        """The active policy."""
        ...

    def remembered_policy(self, told: int | None = None) -> Policy:
        """The policy that was active when this process last asked.

        Args:
            told: The version that whoever asks for the step decided by: it was the active one then. Without it, to be used
                only where nothing may stand in the way.
        """
        ...

    def document(self, name: str) -> Any | None:
        """The document under a name, or None."""
        ...

    def earlier(self, name: str) -> Any | None:
        """What an earlier handling of this event left under a name, as far as is known without asking.

        For names that the outcome then writes itself: where the name turns out to be taken, or nothing comes to be written
        there, the event is decided again, and the store is asked.
        """
        ...

    def names(self, prefix: str) -> Sequence[str]:
        """Every name that begins so, sorted."""
        ...

    def channel(self, name: str) -> Channel:
        """The channel now."""
        ...

    def artifact(self, uri: str, limit: int) -> bytes | None:
        """The bytes at a URI, or None when nothing is there yet."""
        ...

    def observe(self, uri: str) -> Observed | None:
        """SHA-256 and size of what lies at a URI, or None."""
        ...

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """What the clouds' jobs really ended with."""
        ...

    def located(self, resource: str) -> str | None:
        """Where the unit of a finished job lies, asked of its platform."""
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

    def probe(self, channel: str, release: str) -> bool:
        """Whether a release can serve now."""
        ...

    def unservable(self, channel: str, release: str) -> str | None:
        """Why the nodes could not begin to serve a release, or None."""
        ...

    def published(self, release: str) -> Receipt | None:
        """What the registry really holds."""
        ...
