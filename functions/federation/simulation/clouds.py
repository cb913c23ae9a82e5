# SPDX-License-Identifier: Apache-2.0
"""The artifacts, registry, trainer, traffic and alarms of a simulated home."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from federation.core.admission import StoredFile
from federation.core.digest import canonical, digest_of
from federation.core.failure import CONFIGURED_WRONG, sentence
from federation.core.outcome import Shift
from federation.errors import CapacityError, ConflictError, MissingError, ServiceError
from federation.local.registry import commit_of
from federation.ports import Firing, Receipt, Served
from federation.simulation.chaos import Chaos

_TRIES: Final = 5
_ENDS: Final[Sequence[Mapping[str, str] | None]] = (
    {},
    {"artifact_uri": "s3://bucket/nothing/"},
    {"failure": sentence("FAILED", "the machine was taken away", interrupted=True)},
    {"failure": sentence("FAILED", "CapacityError: Unable to provision requested ML compute capacity.")},
    {"failure": sentence("FAILED", "the data set is not there", code=CONFIGURED_WRONG)},
    None,
)


@dataclass(slots=True, kw_only=True)
class SimulatedArtifacts:
    """Files by URI."""

    files: dict[str, bytes] = field(default_factory=dict)

    def read(self, uri: str, limit: int) -> bytes:
        """The bytes."""
        del limit
        return self._body(uri)

    def observe(self, uri: str) -> StoredFile:
        """SHA-256 and size."""
        body = self._body(uri)
        return StoredFile(sha256=digest_of(body).removeprefix("sha256:"), bytes=len(body))

    def _body(self, uri: str) -> bytes:
        if uri not in self.files:
            raise MissingError(f"there is nothing at {uri} yet")
        return self.files[uri]


@dataclass(slots=True, kw_only=True)
class SimulatedRegistry:
    """Releases with commits and tags. It may be down, or publish and still answer with an error.

    `others` are the names that another home has published.
    """

    chaos: Chaos
    up: bool = True
    bodies: dict[str, bytes] = field(default_factory=dict)
    commits: dict[str, str] = field(default_factory=dict)
    times_published: dict[str, int] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)

    def publish(self, release: str, body: bytes) -> Receipt:
        """Commit and tag the release. A second call finds the first commit."""
        self.chaos.between_effects()
        if not self.up:
            raise ServiceError("the hub is down")
        if release not in self.commits:
            self.bodies[release] = body
            self.commits[release] = commit_of(body)
            self.times_published[release] = self.times_published.get(release, 0) + 1
            if self.chaos.strikes(self.chaos.unknown):
                raise ServiceError("500, although the commit was made")
        if self.bodies[release] != body:
            raise ConflictError(f"the tag {release} is on other content, at {self.commits[release]}")
        return Receipt(commit=self.commits[release], tag=release, digest=digest_of(body))

    def publish_elsewhere(self, release: str) -> None:
        """Publish another home's release under this name, if the name is free."""
        if release not in self.commits:
            self.others.add(release)
            self.bodies[release], self.commits[release] = b"another home's", "e" * 40

    def find(self, release: str) -> Receipt | None:
        """The registry's content under this tag, or None."""
        if not self.up:
            raise ServiceError("the hub is down")
        if release not in self.commits:
            return None
        return Receipt(commit=self.commits[release], tag=release, digest=digest_of(self.bodies[release]))


@dataclass(slots=True, kw_only=True)
class SimulatedTrainer:
    """Jobs, some of which were started here.

    Args:
        chaos: What goes wrong.
        done: The data of each job that ended with a unit.
        started: By name, every encoded job description that was started.
        tried: By name, how often there was no machine.
        ended: For each started job that has ended, what `finished` reports; empty if it shipped a unit, None if somebody
            deleted the job.
    """

    chaos: Chaos
    done: list[Mapping[str, Any]] = field(default_factory=list)
    started: dict[str, list[bytes]] = field(default_factory=dict)
    tried: Counter[str] = field(default_factory=Counter)
    ended: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)

    def refusal(self, name: str, job: Mapping[str, Any]) -> None:
        """Every job can be started."""
        del name, job

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job, and remember its description, so that a promise can compare them.

        Raises:
            CapacityError: There is no machine now; after some tries there is.
        """
        self.chaos.between_effects()
        if job.get("spot") and int(name[-4:-2], 16) < 256 * self.chaos.full and self.tried[name] < _TRIES:
            self.tried[name] += 1
            raise CapacityError(f"no machine for {name}")
        self.started.setdefault(name, []).append(canonical(job))

    def end(self, now: str) -> list[str]:
        """End every running job in a way that its name decides, and return the names of those that ship a unit.

        The others end without a manifest, lose their machine, are configured wrong, or disappear.
        """
        ending = sorted(self.started.keys() - self.ended.keys())
        for name in ending:
            end = _ENDS[int(name[-2:], 16) % len(_ENDS)]
            report = {"provider": "sagemaker", "resource": name, "name": name, "completed_at": now}
            self.ended[name] = {**report, **end, "dedupe_key": f"job|{name}"} if end else end
        return [name for name in ending if self.ended[name] == {}]

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The end of each finished job."""
        return [*self.done, *(end for _, end in sorted(self.ended.items()) if end)]

    def artifact(self, resource: str) -> str | None:
        """The URI of the job's unit, or None."""
        return next((data.get("artifact_uri") for data in self.done if data["resource"] == resource), None)


@dataclass(slots=True, kw_only=True)
class SimulatedTraffic:
    """A node that obeys the shift with the highest counter. `answered` are the releases that ever answered a probe."""

    chaos: Chaos
    state: Shift | None = None
    answered: set[str] = field(default_factory=set)

    def refusal(self, channel: str, release: str) -> None:
        """Every release can be served."""
        del channel, release

    def shift(self, shift: Shift) -> None:
        """Serve this release, unless a newer shift came first."""
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
        if self.state is None or release not in (self.state.release, *self.state.warm):
            return False
        self.answered.add(release)
        return True


@dataclass(slots=True, kw_only=True)
class SimulatedAlarms:
    """Alarms that fire now."""

    now: list[Firing] = field(default_factory=list)

    def firing(self) -> Sequence[Firing]:
        """Every alarm that fires now."""
        return self.now
