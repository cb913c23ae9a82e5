# SPDX-License-Identifier: Apache-2.0
"""A world in memory that does everything a real one may: crash between two effects, answer late, lie about the past.

Whatever happens, the ports keep their contracts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from federation.ports import Ports
from federation.simulation.chaos import Chaos
from federation.simulation.clouds import (
    SimulatedAlarms,
    SimulatedArtifacts,
    SimulatedRegistry,
    SimulatedTraffic,
    SimulatedTrainer,
)
from federation.simulation.storage import SimulatedBus, SimulatedStore


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Every port of one history."""

    chaos: Chaos
    store: SimulatedStore
    bus: SimulatedBus
    artifacts: SimulatedArtifacts
    registry: SimulatedRegistry
    trainer: SimulatedTrainer
    traffic: SimulatedTraffic
    alarms: SimulatedAlarms

    @property
    def ports(self) -> Ports:
        """The world as the steps meet it."""
        return Ports(
            store=self.store,
            bus=self.bus,
            artifacts=self.artifacts,
            registry=self.registry,
            trainer=self.trainer,
            traffic=self.traffic,
            alarms=self.alarms,
        )

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
