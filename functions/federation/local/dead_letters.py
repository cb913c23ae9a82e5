# SPDX-License-Identifier: Apache-2.0
"""The dead letters of the local queue, and their redelivery."""

from collections.abc import Collection, Sequence

from federation.local.bus import LocalBus
from federation.ports import DeadLetter


class LocalDeadLetters:
    """The rows of the queue that are marked as dead. After `redrive`, they wait for the next `drain`."""

    def __init__(self, bus: LocalBus) -> None:
        self._bus = bus

    def list(self) -> Sequence[DeadLetter]:
        """Every dead letter, oldest first; none is removed."""
        return self._bus.dead()

    def redrive(self, step: str | None = None, ids: Collection[str] | None = None) -> int:
        """Queue the step's letters, or all letters, again; only these ids, if given. Returns how many there were."""
        return self._bus.redrive(step, ids)
