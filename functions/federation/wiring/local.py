# SPDX-License-Identifier: Apache-2.0
"""The ports of a home on one machine."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from federation.core.event import Event
from federation.core.outcome import Outcome
from federation.local.alarms import LocalAlarms
from federation.local.artifacts import LocalArtifacts
from federation.local.bus import LocalBus
from federation.local.database import Database
from federation.local.registry import LocalRegistry
from federation.local.store import LocalStore
from federation.local.traffic import LocalTraffic
from federation.local.trainer import LocalTrainer
from federation.ports import Ports
from federation.runtime import handle, routes
from federation.steps import STEPS, StepName


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A step's decision about an event, after it was carried out."""

    step: str
    event: Event
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHome:
    """The ports of a local home, and the parts that only a local home has."""

    ports: Ports
    bus: LocalBus
    database: Database
    folder: Path

    def close(self) -> None:
        """Close the store."""
        self.database.close()

    def settle(self, clock: Callable[[], str]) -> Sequence[Carried]:
        """Deliver until nothing waits; returns every decision, in order.

        Args:
            clock: Returns the time of each decision, RFC 3339 in UTC.
        """
        carried: list[Carried] = []

        def deliver(step: str, event: Event) -> None:
            outcome = handle(cast("StepName", step), event, self.ports, clock())
            carried.append(Carried(step=step, event=event, outcome=outcome))

        self.bus.drain(deliver)
        return carried


def local_home(
    folder: Path,
    *,
    in_memory: bool = False,
    artifact_folders: tuple[Path, ...] = (),
    base: Path = Path(),
    training_python: str = "",
    steps: tuple[StepName, ...] = STEPS,
) -> LocalHome:
    """A home in one folder; with `in_memory` its store and queue vanish with the process.

    Args:
        folder: Contains `store.sqlite`, `clouds/` (the platforms' files), `registry/`, `serving/`, `alarms/` and
            `jobs/`.
        in_memory: Keep store and queue in memory.
        artifact_folders: Folders that `file://` and relative URIs may be read from, besides `jobs/`.
        base: What relative URIs are relative to.
        training_python: The interpreter that runs jobs; this process's own if empty.
        steps: The steps that receive events.
    """
    database = Database(None if in_memory else folder / "store.sqlite")
    bus = LocalBus(database, routes(steps))
    registry = folder / "registry"
    ports = Ports(
        store=LocalStore(database),
        bus=bus,
        artifacts=LocalArtifacts(folder / "clouds", (folder / "jobs", *artifact_folders), base),
        registry=LocalRegistry(registry),
        trainer=LocalTrainer(folder / "jobs", training_python),
        traffic=LocalTraffic(folder / "serving", registry),
        alarms=LocalAlarms(folder / "alarms"),
    )
    return LocalHome(ports=ports, bus=bus, database=database, folder=folder)


@contextmanager
def temporary_home(artifact_folders: tuple[Path, ...], base: Path, steps: tuple[StepName, ...]) -> Iterator[LocalHome]:
    """A home in memory that leaves nothing behind, with only some steps. It reads URIs as `local_home` does."""
    with tempfile.TemporaryDirectory(prefix="federation-") as folder:
        home = local_home(Path(folder), in_memory=True, artifact_folders=artifact_folders, base=base, steps=steps)
        try:
            yield home
        finally:
            home.close()
