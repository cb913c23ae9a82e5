# SPDX-License-Identifier: Apache-2.0
"""One port over several clouds. Each adapter is made, and loads its SDK, at its first use."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from federation.core.admission import StoredFile
from federation.errors import ContractError, FederationError, SettingsError
from federation.ports import Artifacts, Trainer

log = logging.getLogger("federation")


class ArtifactsByScheme:
    """Reads each URI from the cloud of its scheme, and refuses unknown schemes."""

    def __init__(self, clouds: Mapping[str, Callable[[], Artifacts]]) -> None:
        self._clouds = {scheme: cache(make) for scheme, make in clouds.items()}

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError if nothing is there (yet), ContractError beyond `limit` bytes."""
        return self._cloud_of(uri).read(uri, limit)

    def observe(self, uri: str) -> StoredFile:
        """SHA-256 and size, hashed while streaming; MissingError if nothing is there (yet)."""
        return self._cloud_of(uri).observe(uri)

    def _cloud_of(self, uri: str) -> Artifacts:
        scheme, separator, _ = uri.partition("://")
        if not separator or scheme not in self._clouds:
            raise ContractError(f"{uri!r} cannot be read: its scheme must be one of {', '.join(sorted(self._clouds))}")
        return self._clouds[scheme]()


class TrainerByPlatform:
    """Starts each job on its platform, and collects finished jobs from all platforms."""

    def __init__(self, platforms: Mapping[str, Callable[[], Trainer]]) -> None:
        self._platforms = {name: cache(make) for name, make in platforms.items()}

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the job cannot start: this home has no such platform, or its trainer refuses. None if it can."""
        return self._unreached_reason(name, job) or self._platforms[job["platform"]]().refusal(name, job)

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; if the name was started before, nothing happens.

        Raises:
            ContractError: This home reaches no such platform.
        """
        if reason := self._unreached_reason(name, job):
            raise ContractError(reason)
        self._platforms[job["platform"]]().launch(name, job)

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of each job that ended recently, from all platforms that answer. The next sweep asks the others again.

        Raises:
            ServiceError: No platform answers. The first failure is raised, so an unexpected one has another type.
            SettingsError: A platform is configured wrong, so the next sweep would fail too.
        """
        by_platform: dict[str, Sequence[Mapping[str, Any]]] = {}
        failures: list[Exception] = []
        for name, trainer in self._platforms.items():
            try:
                by_platform[name] = trainer().finished()
            except SettingsError:
                raise
            except Exception as error:  # an unexpected answer of one platform must not hide the others
                foreseen = isinstance(error, FederationError)
                message = "%s does not say which jobs have ended, and the next sweep asks again: %s"
                log.log(logging.WARNING if foreseen else logging.ERROR, message, name, error, exc_info=not foreseen)
                failures.append(error)
        if failures and not by_platform:
            raise failures[0]
        return [data for jobs in by_platform.values() for data in jobs]

    def artifact(self, resource: str) -> str | None:
        """URI of a finished job's unit, from the first platform that knows it; None if none does."""
        uris = (trainer().artifact(resource) for trainer in self._platforms.values())
        return next((uri for uri in uris if uri), None)

    def _unreached_reason(self, name: str, job: Mapping[str, Any]) -> str | None:
        if job["platform"] in self._platforms:
            return None
        platforms = ", ".join(sorted(self._platforms)) or "none"
        return f"{name} is to run on {job['platform']}, and this home reaches {platforms}"
