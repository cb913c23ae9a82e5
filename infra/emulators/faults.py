# SPDX-License-Identifier: Apache-2.0
"""What is to go wrong in an emulator, and which calls has it had?"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What the next `times` calls of an operation meet; an empty operation means any.

    Args:
        status: The HTTP status to answer with; None drops the connection without an answer.
        acts: Whether the call takes effect before that.
    """

    operation: str = ""
    status: int | None = None
    acts: bool = False
    times: int = 1


class Faults:
    """The switch that tests turn, and the log of calls; safe to use from several threads."""

    def __init__(self) -> None:
        self.watch: Callable[[str], None] = _nothing
        """Told the operation of every call before it is answered."""
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._calls: list[str] = []

    @property
    def calls(self) -> list[str]:
        """The operations asked for until now, oldest first, those that met a fault among them."""
        with self._lock:
            return list(self._calls)

    def forget(self) -> None:
        """No more faults, and an empty log."""
        with self._lock:
            self.watch = _nothing
            self._waiting.clear()
            self._calls.clear()

    def refuse(self, operation: str, status: int, times: int = 1) -> None:
        """The next calls of that operation are answered with that status and change nothing."""
        self._add(Fault(operation=operation, status=status, times=times))

    def lose(self, operation: str, times: int = 1) -> None:
        """The next calls of that operation take effect, and their connection is dropped without an answer."""
        self._add(Fault(operation=operation, acts=True, times=times))

    def act_and_refuse(self, operation: str, status: int) -> None:
        """The next call of that operation takes effect and is answered with that status all the same."""
        self._add(Fault(operation=operation, status=status, acts=True, times=1))

    def next_for(self, operation: str) -> Fault | None:
        """The fault that this call meets, which is thereby used up; the call is written into the log."""
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
