# SPDX-License-Identifier: Apache-2.0
"""A world in memory that does everything a real one may: crash between two effects, answer late, lie about the past.

Whatever happens, the ports keep their contracts.
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
    """Every port of one history, and the memories of the processes that live in it."""

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
        """The world as some process meets it."""
        return Ports(
            store=self._remembering(),
            bus=self.bus,
            artifacts=self.artifacts,
            registry=self.registry,
            trainer=self.trainer,
            traffic=self.traffic,
            alarms=self.alarms,
        )

    def _remembering(self) -> Store:
        """The store as a process knows it, which has just begun or has been there for a while; in a calm world none has."""
        if self.chaos.drawn is None:
            return self.store
        process = self.chaos.pick(_PROCESSES)
        if process not in self.memories or self.chaos.strikes(self.chaos.born):
            minutes = count(step=POLICY_SECONDS + 1)
            self.memories[process] = CachedStore(self.store, lambda: next(minutes))
        return self.memories[process]

    def channel(self) -> Mapping[str, Any] | None:
        """The channel as it truly is."""
        moves = self.store.moves.get("production")
        found: Mapping[str, Any] | None = msgspec.json.decode(moves[-1]) if moves else None
        return found

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
