# SPDX-License-Identifier: Apache-2.0
"""One port over several clouds: which adapter answers? Each is made, and loads its SDK, at its first use."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from federation.core.admission import Observed
from federation.errors import ContractError, FederationError, SettingsError
from federation.ports import Artifacts, Trainer

log = logging.getLogger("federation")


class ArtifactsByScheme:
    """Each URI goes to the cloud that its scheme names; a scheme that nobody serves is refused."""

    def __init__(self, clouds: Mapping[str, Callable[[], Artifacts]]) -> None:
        self._clouds = {scheme: cache(made) for scheme, made in clouds.items()}

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes; MissingError if nothing is there (yet), ContractError beyond `limit` bytes."""
        return self._of(uri).read(uri, limit)

    def observe(self, uri: str) -> Observed:
        """SHA-256 and size, hashed while streaming; MissingError if nothing is there (yet)."""
        return self._of(uri).observe(uri)

    def _of(self, uri: str) -> Artifacts:
        scheme, separator, _ = uri.partition("://")
        if not separator or scheme not in self._clouds:
            raise ContractError(f"{uri!r} is not read: its scheme must be one of {', '.join(sorted(self._clouds))}")
        return self._clouds[scheme]()


class TrainerByPlatform:
    """Each job goes to its platform; finished jobs are collected from all platforms."""

    def __init__(self, platforms: Mapping[str, Callable[[], Trainer]]) -> None:
        self._platforms = {name: cache(made) for name, made in platforms.items()}

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the job cannot be started: this home has no such platform, or what the platform's trainer says."""
        return self._unreached(name, job) or self._platforms[job["platform"]]().refusal(name, job)

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; if the name was started before, nothing happens.

        Raises:
            ContractError: This home reaches no such platform.
        """
        if unreached := self._unreached(name, job):
            raise ContractError(unreached)
        self._platforms[job["platform"]]().launch(name, job)

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """How each recently ended job ended, on all platforms that answer; the next sweep asks the others again.

        Raises:
            ServiceError: No platform answers. The first failure is raised, so an unforeseen one has
                another type.
            SettingsError: A platform is configured wrong, which no later sweep mends.
        """
        found: dict[str, Sequence[Mapping[str, Any]]] = {}
        failures: list[Exception] = []
        for name, trainer in self._platforms.items():
            try:
                found[name] = trainer().finished()
            except SettingsError:
                raise
            except Exception as error:  # an answer of an unforeseen form must not hide other platforms
                foreseen = isinstance(error, FederationError)
                told = "%s does not say which jobs have ended, and the next sweep asks again: %s"
                log.log(logging.WARNING if foreseen else logging.ERROR, told, name, error, exc_info=not foreseen)
                failures.append(error)
        if failures and not found:
            raise failures[0]
        return [data for told in found.values() for data in told]

    def artifact(self, resource: str) -> str | None:
        """URI of a finished job's unit, from the first platform that knows the job."""
        asked = (trainer().artifact(resource) for trainer in self._platforms.values())
        return next((found for found in asked if found), None)

    def _unreached(self, name: str, job: Mapping[str, Any]) -> str | None:
        if job["platform"] in self._platforms:
            return None
        reached = ", ".join(sorted(self._platforms)) or "none"
        return f"{name} is to run on {job['platform']}, and this home reaches {reached}"
