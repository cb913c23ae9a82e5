# SPDX-License-Identifier: Apache-2.0
"""Settings to ports: the only place that knows which home this is."""

from dataclasses import dataclass
from pathlib import Path

from federation.local.artifacts import LocalArtifacts
from federation.local.bus import LocalBus
from federation.local.database import Database
from federation.local.registry import LocalRegistry
from federation.local.store import LocalStore
from federation.local.traffic import LocalTraffic
from federation.local.trainer import LocalTrainer
from federation.ports import Ports
from federation.runtime import routes


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHome:
    """The ports of a local home, and the parts of it that only a local home has."""

    ports: Ports
    bus: LocalBus
    database: Database
    folder: Path


def local_home(folder: Path, *, in_memory: bool = False, artifact_folders: tuple[Path, ...] = ()) -> LocalHome:
    """A home in one folder; with `in_memory` its store and queue vanish with the process.

    Args:
        folder: Holds `store.sqlite`, `clouds/` (the platforms' files), `registry/`, `serving/` and `jobs/`.
        in_memory: Keep store and queue in memory.
        artifact_folders: Folders that `file://` URIs may be read from.
    """
    database = Database(None if in_memory else folder / "store.sqlite")
    bus = LocalBus(database, routes())
    registry = folder / "registry"
    ports = Ports(
        store=LocalStore(database),
        bus=bus,
        artifacts=LocalArtifacts(folder / "clouds", artifact_folders),
        registry=LocalRegistry(registry),
        trainer=LocalTrainer(folder / "jobs"),
        traffic=LocalTraffic(folder / "serving", registry),
    )
    return LocalHome(ports=ports, bus=bus, database=database, folder=folder)
