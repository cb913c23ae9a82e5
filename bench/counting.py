# SPDX-License-Identifier: Apache-2.0
"""How often does a step read and write at its ports?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

from msgspec.structs import replace

from federation.ports import Ports, Store, Traffic

READS: Final = frozenset({"read", "names", "channel", "serving", "probe"})
WRITES: Final = frozenset({"claim", "keep", "move", "shift"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Every call of a counted port, by method."""

    made: Counter[str] = field(default_factory=Counter)

    @property
    def reads(self) -> int:
        """The number of calls that read: documents, listings, channels, what is served."""
        return sum(count for method, count in self.made.items() if method in READS)

    @property
    def writes(self) -> int:
        """The number of calls that write: documents, moves of a channel, shifts of traffic."""
        return sum(count for method, count in self.made.items() if method in WRITES)


def counted(ports: Ports, calls: Calls) -> Ports:
    """The same ports, with the calls of store and traffic counted; not the bus's, which carries no documents."""
    store = cast("Store", _Counting(ports.store, calls))
    return replace(ports, store=store, traffic=cast("Traffic", _Counting(ports.traffic, calls)))


class _Counting:
    """Passes every call on and counts it."""

    def __init__(self, port: object, calls: Calls) -> None:
        self._port = port
        self._calls = calls

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._call, method, getattr(self._port, method))

    def _call(self, method: str, act: Callable[..., Any], *arguments: Any) -> Any:
        self._calls.made[method] += 1
        return act(*arguments)
