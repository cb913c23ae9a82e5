# SPDX-License-Identifier: Apache-2.0
"""Which dead letters does the local queue have, and how are they redelivered?"""

from collections.abc import Sequence

from federation.local.bus import LocalBus
from federation.ports import DeadLetter


class LocalDeadLetters:
    """The rows of the queue that are marked as dead; a redriven one waits for the next `drain`."""

    def __init__(self, bus: LocalBus) -> None:
        self._bus = bus

    def list(self) -> Sequence[DeadLetter]:
        """Every dead letter, oldest first; none is removed."""
        return self._bus.dead()

    def redrive(self, step: str | None = None) -> int:
        """Queue the step's letters, or all, again, and return how many there were."""
        return self._bus.redrive(step)
