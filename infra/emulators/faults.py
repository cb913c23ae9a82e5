# SPDX-License-Identifier: Apache-2.0
"""Which calls of an emulator shall fail, and which calls has it had?"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the next `times` calls of an operation; an empty operation means any.

    Args:
        status: The HTTP status to answer with; None drops the connection without an answer.
        acts: Whether the call still takes effect.
    """

    operation: str = ""
    status: int | None = None
    acts: bool = False
    times: int = 1


class Faults:
    """The switch that tests use, and the log of calls; safe to use from several threads."""

    def __init__(self) -> None:
        self.watch: Callable[[str], None] = _nothing
        """Called with the operation of every call before it is answered."""
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._calls: list[str] = []

    @property
    def calls(self) -> list[str]:
        """The operations called until now, oldest first, including calls that failed."""
        with self._lock:
            return list(self._calls)

    def forget(self) -> None:
        """Remove all faults and clear the log."""
        with self._lock:
            self.watch = _nothing
            self._waiting.clear()
            self._calls.clear()

    def refuse(self, operation: str, status: int, times: int = 1) -> None:
        """Answer the next calls of the operation with that status; they change nothing."""
        self._add(Fault(operation=operation, status=status, times=times))

    def lose(self, operation: str, times: int = 1) -> None:
        """Let the next calls of the operation take effect, and drop their connections without an answer."""
        self._add(Fault(operation=operation, acts=True, times=times))

    def act_and_refuse(self, operation: str, status: int) -> None:
        """Let the next call of the operation take effect, and answer it with that status all the same."""
        self._add(Fault(operation=operation, status=status, acts=True, times=1))

    def next_for(self, operation: str) -> Fault | None:
        """Log the call and return its fault, which is used up by this."""
        self.watch(operation)
        with self._lock:
            self._calls.append(operation)
            found = next((fault for fault in self._waiting if fault.operation in {"", operation}), None)
            if found is not None:
                rest = [replace(found, times=found.times - 1)] if found.times > 1 else []
                place = self._waiting.index(found)
                self._waiting[place : place + 1] = rest
            return found

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)


def _nothing(operation: str) -> None:
    del operation
