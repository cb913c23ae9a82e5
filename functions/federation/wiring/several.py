# SPDX-License-Identifier: Apache-2.0
"""One port, several clouds: who answers?"""

from collections.abc import Mapping, Sequence
from typing import Any

from federation.core.admission import Observed
from federation.errors import ContractError
from federation.ports import Alarms, Artifacts, Firing, Trainer


class ArtifactsByScheme:
    """Each URI goes to the cloud that its scheme names; a scheme that nobody serves is refused."""

    def __init__(self, clouds: Mapping[str, Artifacts]) -> None:
        self._clouds = clouds

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError when nothing is there (yet), ContractError beyond `limit` bytes."""
        return self._of(uri).read(uri, limit)

    def observe(self, uri: str) -> Observed:
        """SHA-256 and size, hashed while streaming; MissingError when nothing is there (yet)."""
        return self._of(uri).observe(uri)

    def _of(self, uri: str) -> Artifacts:
        scheme, separator, _ = uri.partition("://")
        if not separator or scheme not in self._clouds:
            raise ContractError(f"{uri!r} is not read: its scheme is none of {', '.join(sorted(self._clouds))}")
        return self._clouds[scheme]


class TrainerByPlatform:
    """Each job goes to the platform that the policy gives it; what has finished, all of them tell."""

    def __init__(self, platforms: Mapping[str, Trainer]) -> None:
        self._platforms = platforms

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; a name that was started before starts nothing.

        Raises:
            ContractError: This home reaches no such platform.
        """
        trainer = self._platforms.get(job["platform"])
        if trainer is None:
            reached = ", ".join(sorted(self._platforms)) or "none"
            raise ContractError(f"{name} is to run on {job['platform']}, and this home reaches {reached}")
        trainer.launch(name, job)

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of an `artifact.completed` event for each job that ended well recently."""
        return [data for trainer in self._platforms.values() for data in trainer.finished()]

    def artifact(self, resource: str) -> str | None:
        """Where the unit of a finished job lies; the first platform that knows the job tells."""
        asked = (trainer.artifact(resource) for trainer in self._platforms.values())
        return next((found for found in asked if found), None)


class AlarmsOfAll:
    """Every watcher's alarms."""

    def __init__(self, watchers: Sequence[Alarms]) -> None:
        self._watchers = watchers

    def firing(self) -> Sequence[Firing]:
        """Every alarm that fires now."""
        return [one for watcher in self._watchers for one in watcher.firing()]
