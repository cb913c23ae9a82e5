# SPDX-License-Identifier: Apache-2.0
"""Which ports answer at once, so that only our own code is measured?

The store is two dictionaries, and announced events are dropped.
"""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from federation.cache import CachedStore
from federation.core.event import Event
from federation.errors import ConflictError
from federation.ports import Alarms, Artifacts, Ports, Registry, Traffic, Trainer


class MemoryStore:
    """Documents and channels in dictionaries."""

    def __init__(self) -> None:
        self._documents: dict[str, bytes] = {}
        self._channels: dict[str, bytes] = {}

    def claim(self, name: str, body: bytes) -> bool:
        return self._documents.setdefault(name, body) is body

    def keep(self, name: str, body: bytes) -> None:
        if self._documents.setdefault(name, body) != body:
            raise ConflictError(f"{name} is taken by other content")

    def read(self, name: str) -> bytes | None:
        return self._documents.get(name)

    def names(self, prefix: str) -> Sequence[str]:
        return sorted(name for name in self._documents if name.startswith(prefix))

    def channel(self, name: str) -> bytes | None:
        return self._channels.get(name)

    def move(self, name: str, expected: int, to: bytes) -> None:
        found = self._channels.get(name)
        if (msgspec.json.decode(found)["counter"] if found else 0) != expected:
            raise ConflictError(f"channel {name} is no longer at move {expected}")
        self._channels[name] = to


class _Nobody:
    """A bus without listeners."""

    def announce(self, events: Sequence[Event]) -> None:
        del events


def ports(store: MemoryStore) -> Ports:
    """Ports of which only the store, behind its cache, and the bus can be used."""
    absent: Any = None
    return Ports(
        store=CachedStore(store),
        bus=_Nobody(),
        artifacts=cast("Artifacts", absent),
        registry=cast("Registry", absent),
        trainer=cast("Trainer", absent),
        traffic=cast("Traffic", absent),
        alarms=cast("Alarms", absent),
    )
