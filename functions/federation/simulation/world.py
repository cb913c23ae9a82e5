# SPDX-License-Identifier: Apache-2.0
"""A world in memory for one history: processes crash between effects, services fail and reads are stale.

The ports always keep their contracts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import msgspec

from federation.cache import POLICY_SECONDS, CachedStore
from federation.ports import Ports, Store
from federation.simulation.chaos import Chaos
from federation.simulation.clouds import (
    SimulatedAlarms,
    SimulatedArtifacts,
    SimulatedRegistry,
    SimulatedTraffic,
    SimulatedTrainer,
)
from federation.simulation.storage import SimulatedBus, SimulatedStore

_PROCESSES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Every port of one history. `memories` are the caches of its processes, by process."""

    chaos: Chaos
    store: SimulatedStore
    bus: SimulatedBus
    artifacts: SimulatedArtifacts
    registry: SimulatedRegistry
    trainer: SimulatedTrainer
    traffic: SimulatedTraffic
    alarms: SimulatedAlarms
    memories: dict[int, CachedStore] = field(default_factory=dict)

    @property
    def ports(self) -> Ports:
        """The ports of one process, which is drawn anew at each access."""
        return Ports(
            store=self._cached_store(),
            bus=self.bus,
            artifacts=self.artifacts,
            registry=self.registry,
            trainer=self.trainer,
            traffic=self.traffic,
            alarms=self.alarms,
        )

    def _cached_store(self) -> Store:
        """The store behind the cache of a new or old process. In a calm world there are no caches."""
        if self.chaos.is_calm:
            return self.store
        process = self.chaos.pick(_PROCESSES)
        if process not in self.memories or self.chaos.strikes(self.chaos.born):
            looks = count(step=POLICY_SECONDS + 1)  # at each read the cached listing of policies has expired
            self.memories[process] = CachedStore(self.store, lambda: self.store.minute * 60 + next(looks))
        return self.memories[process]

    def channel(self) -> Mapping[str, Any] | None:
        """The channel after its last move, never stale; None before the first move."""
        moves = self.store.moves.get("production")
        document: Mapping[str, Any] | None = msgspec.json.decode(moves[-1]) if moves else None
        return document

    def serving(self) -> Mapping[str, Any] | None:
        """The channel's entry of the serving release, or None."""
        channel = self.channel()
        entry: Mapping[str, Any] | None = channel["serving"] if channel else None
        return entry

    def document(self, name: str) -> Any:
        """A stored document, or None."""
        body = self.store.documents.get(name)
        return msgspec.json.decode(body) if body is not None else None


def world(chaos: Chaos) -> World:
    """An empty world."""
    return World(
        chaos=chaos,
        store=SimulatedStore(chaos=chaos),
        bus=SimulatedBus(chaos=chaos),
        artifacts=SimulatedArtifacts(),
        registry=SimulatedRegistry(chaos=chaos),
        trainer=SimulatedTrainer(chaos=chaos),
        traffic=SimulatedTraffic(chaos=chaos),
        alarms=SimulatedAlarms(),
    )
