# SPDX-License-Identifier: Apache-2.0
"""Which documents of a home were kept last, and how are many of them read without waiting for one after another?

In a cloud each takes some thirty milliseconds, and the store tells when each was kept: whoever looks for the latest reads
only those. Where nobody tells, as in a folder, all are read; there that takes no time.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec

from federation.cli.output import working
from federation.ports import Dated, Ports
from federation.reads import LiveReads

SLACK_SECONDS: Final = 60.0
"""What was kept within so long may have been decided in any order: clocks differ, and a step takes its time."""

_MANY: Final = 200
"""From so many documents on, a terminal is told how far it is."""
_ROUND: Final = 4
"""Documents for each reader that are asked for at once."""

_decode = msgspec.json.Decoder().decode


class Shelf(LiveReads):
    """Reads of a home for a person: the latest, and many at once."""

    def __init__(self, ports: Ports, readers: int = 1) -> None:
        """A shelf.

        Args:
            ports: Of the home.
            readers: How many threads may read its store at the same time.
        """
        super().__init__(ports)
        self._store = ports.store
        self._readers = readers
        self._known: dict[str, dict[str, float]] = {}

    def kept(self, *prefixes: str) -> dict[str, float]:
        """When each document was kept whose name begins so, in seconds; at one and the same moment where nobody knows."""
        for prefix in prefixes:
            if prefix not in self._known:
                self._known[prefix] = self._dates(prefix)
        return {name: when for prefix in prefixes for name, when in self._known[prefix].items()}

    def latest(self, *prefixes: str, count: int) -> list[str]:
        """The last so many, newest first, and whatever was kept within SLACK_SECONDS of the newest or of the same age."""
        dates = self.kept(*prefixes)
        ages = sorted(dates.values(), reverse=True)
        oldest = min(ages[0] - SLACK_SECONDS, ages[:count][-1]) if ages else 0.0
        return [name for name in newest_first(dates) if dates[name] >= oldest]

    def documents(self, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Each name that is there with its document, in that order; whoever stops early has little more read than that."""
        size = self._readers * _ROUND
        rounds = [names[start : start + size] for start in range(0, len(names), size)]
        with ThreadPoolExecutor(self._readers) as pool, working("", wanted=len(names) >= _MANY) as tell:
            for number, few in enumerate(rounds):
                tell(f"Reading {len(names):,} documents: {number * size:,} so far")
                bodies = map(self._store.read, few) if self._readers == 1 else pool.map(self._store.read, few)
                yield from ((name, _decode(body)) for name, body in zip(few, bodies, strict=True) if body is not None)

    def _dates(self, prefix: str) -> dict[str, float]:
        told = self._store.dates(prefix) if isinstance(self._store, Dated) else None
        return dict(told) if told is not None else dict.fromkeys(self._store.names(prefix), 0.0)


def newest_first(dates: dict[str, float]) -> list[str]:
    """The names in the order of their ages."""
    return sorted(dates, key=lambda name: (-dates[name], name))
