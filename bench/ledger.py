# SPDX-License-Identifier: Apache-2.0
"""Which operations of a cloud's services does each call of a port turn into?

The operations are read from the emulators' logs: an answer from a cache is no operation, and two requests of an adapter
are two.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import msgspec

from federation.core import names
from federation.ports import Alarms, Artifacts, Bus, Ports, Registry, Store, Traffic, Trainer

Log = Callable[[], Sequence[str]]
"""Returns every operation that an emulator was asked for so far."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a port, the operations that it caused, and the number of events that it announced."""

    port: str
    method: str
    on: str
    operations: tuple[str, ...]
    events: int = 0


class Ledger:
    """The calls of watched ports that caused operations, in order."""

    def __init__(self, *logs: Log) -> None:
        self._logs = logs
        self._calls: list[Call] = []

    def watched(self, ports: Ports) -> Ports:
        """The same ports, with every call recorded here."""
        return Ports(
            store=cast("Store", self._watched("store", ports.store)),
            bus=cast("Bus", self._watched("bus", ports.bus)),
            artifacts=cast("Artifacts", self._watched("artifacts", ports.artifacts)),
            registry=cast("Registry", self._watched("registry", ports.registry)),
            trainer=cast("Trainer", self._watched("trainer", ports.trainer)),
            traffic=cast("Traffic", self._watched("traffic", ports.traffic)),
            alarms=cast("Alarms", self._watched("alarms", ports.alarms)),
        )

    def taken(self) -> list[Call]:
        """The calls since this was last called."""
        found, self._calls = self._calls, []
        return found

    def _watched(self, name: str, port: object) -> "_Watched":
        return _Watched(port, partial(self._call, name))

    def _call(self, port: str, method: str, act: Callable[..., Any], *arguments: Any) -> Any:
        before = [len(log()) for log in self._logs]
        try:
            return act(*arguments)
        finally:
            told = [one for log, start in zip(self._logs, before, strict=True) for one in log()[start:]]
            if told:
                self._calls.append(_call(port, method, arguments, told))


class _Watched:
    def __init__(self, port: object, call: Callable[..., Any]) -> None:
        self._port = port
        self._call = call

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._call, method, getattr(self._port, method))


def _call(port: str, method: str, arguments: Sequence[Any], told: Sequence[str]) -> Call:
    first: Any = arguments[0] if arguments else ""
    if method == "announce":
        types = ", ".join(event.type for event in first)
        return Call(port=port, method=method, on=types, operations=tuple(told), events=len(first))
    on = first if isinstance(first, str) else str(getattr(first, "release", ""))
    return Call(port=port, method=method, on=on, operations=tuple(told))


def evidence(calls: Sequence[Call]) -> int:
    """The number of operations that read artifacts, which depends on what is shipped."""
    return sum(len(call.operations) for call in calls if call.port == "artifacts")


def others(calls: Sequence[Call]) -> int:
    """The number of operations that do anything other than read artifacts."""
    return sum(len(call.operations) for call in calls if call.port != "artifacts")


def counted(calls: Sequence[Call]) -> int:
    """The number of operations that a goal counts: all except those of artifacts and of traffic."""
    return others([call for call in calls if call.port != "traffic"])


def listing(calls: Sequence[Call]) -> int:
    """The number of operations that list the policies, which a process does once a minute."""
    return sum(len(call.operations) for call in calls if call.on == names.POLICIES)


def before_the_move(calls: Sequence[Call]) -> Sequence[Call]:
    """The calls up to and including the one that moved the channel."""
    moved = next(place for place, call in enumerate(calls) if call.method == "move")
    return calls[: moved + 1]


def by_port(calls: Sequence[Call]) -> Mapping[str, int]:
    """Operations by port."""
    found: dict[str, int] = {}
    for call in calls:
        found[call.port] = found.get(call.port, 0) + len(call.operations)
    return found
