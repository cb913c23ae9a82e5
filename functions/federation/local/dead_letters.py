# SPDX-License-Identifier: Apache-2.0
"""What was put aside in the local queue, and how is it delivered again?"""

from collections.abc import Sequence

from federation.local.bus import LocalBus
from federation.ports import DeadLetter


class LocalDeadLetters:
    """The rows of the queue that are marked as dead; a redriven one waits for the next `drain`."""

    def __init__(self, bus: LocalBus) -> None:
        self._bus = bus

    def list(self) -> Sequence[DeadLetter]:
        """Everything that lies there now, oldest first; it stays there."""
        return self._bus.dead()

    def redrive(self, step: str | None = None) -> int:
        """Have the step's letters, or all, delivered again; how many."""
        return self._bus.redrive(step)
