# SPDX-License-Identifier: Apache-2.0
"""Reads a home's documents for people: only the latest where that is enough, and many concurrently.

In a cloud a read takes some thirty milliseconds, but the store knows when each document was stored, so only the latest
are read. A store without dates, as in a folder, is read completely, which takes no time there.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from federation.cli.screen.output import working
from federation.cli.store.shape import shaped
from federation.core import names
from federation.core.channel import Channel
from federation.core.policy import Policy
from federation.errors import ContractError, MissingError
from federation.local.traffic import LocalTraffic
from federation.ports import Dated, Ports
from federation.reads import LiveReads
from federation.stored import decoded

SLACK_SECONDS: Final = 60.0
"""Documents stored within so many seconds may have been decided in any order: clocks differ, and steps take time."""

_MANY: Final = 200
"""From so many documents on, a terminal shows progress."""
_ROUND: Final = 4
"""Documents per reader that are requested at once."""


class Shelf(LiveReads):
    """The reads of a home, for a person.

    `damaged` says, by name, what is wrong with each document that was left out because it cannot be read.
    """

    def __init__(self, ports: Ports, readers: int = 1) -> None:
        """Create a shelf.

        Args:
            ports: The home's ports.
            readers: How many threads may read its store at the same time.
        """
        super().__init__(ports)
        self._store = ports.store
        self._readers = readers
        self._dates_by_prefix: dict[str, dict[str, float]] = {}
        self.damaged: dict[str, str] = {}

    @property
    def ports(self) -> Ports:
        """The home's ports."""
        return self._ports

    def policy(self) -> Policy:
        """The active policy as it was stored. A check added since must not stop anybody from looking or rolling back."""
        return self.policy_without_delay()

    def document(self, name: str) -> Any | None:
        """The document under a name; None if there is none.

        Raises:
            ContractError: It is damaged, or lacks what a page takes for granted.
        """
        value = super().document(name)
        return shaped(name, value) if value is not None else None

    def own_channel(self) -> Channel:
        """The channel of the active policy."""
        return self.channel(self.policy().channel)

    def release(self, name: str) -> Mapping[str, Any]:
        """The document of a release that must exist, because the channel or another document names it.

        Raises:
            MissingError: The document is lost.
        """
        document: Mapping[str, Any] | None = self.document(names.release(name))
        if document is None:
            raise lost_document(f"the document of {name}")
        return document

    def unservable(self, channel: str, release: str) -> str | None:
        """Why nodes on this machine cannot serve the release; None if they can, or if the nodes are elsewhere."""
        return super().unservable(channel, release) if isinstance(self._ports.traffic, LocalTraffic) else None

    def dates(self, *prefixes: str) -> dict[str, float]:
        """The dates of the documents under the prefixes, in seconds; all the same if the store has no dates."""
        for prefix in prefixes:
            if prefix not in self._dates_by_prefix:
                self._dates_by_prefix[prefix] = self._dates_under(prefix)
        return {name: when for prefix in prefixes for name, when in self._dates_by_prefix[prefix].items()}

    def latest(self, *prefixes: str, count: int, within: float = SLACK_SECONDS) -> list[str]:
        """The `count` latest names, newest first, and those within seconds of the newest or as old as the last."""
        dates = self.dates(*prefixes)
        ages = sorted(dates.values(), reverse=True)
        oldest = min(ages[0] - within, ages[:count][-1]) if ages else 0.0
        return [name for name in newest_first(dates) if dates[name] >= oldest]

    def documents(self, places: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Each existing name with its document, in order; read in rounds, so that a caller may stop early."""
        yield from ((name, shaped(name, decoded(name, body))) for name, body in self.bodies(places))

    def readable(self, places: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """As `documents`, without the damaged ones, which are added to `damaged`."""
        for name, body in self.bodies(places):
            try:
                document = shaped(name, decoded(name, body))
            except ContractError as error:
                self.damaged[name] = str(error)
            else:
                yield name, document

    def bodies(self, places: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """As `documents`, but the stored bytes."""
        size = self._readers * _ROUND
        rounds = [places[start : start + size] for start in range(0, len(places), size)]
        with ThreadPoolExecutor(self._readers) as pool, working("", wanted=len(places) >= _MANY) as tell:
            for number, few in enumerate(rounds):
                tell(f"Reading {len(places):,} documents: {number * size:,} so far")
                bodies = map(self._store.read, few) if self._readers == 1 else pool.map(self._store.read, few)
                yield from ((name, body) for name, body in zip(few, bodies, strict=True) if body is not None)

    def _dates_under(self, prefix: str) -> dict[str, float]:
        dates = self._store.dates(prefix) if isinstance(self._store, Dated) else None
        return dict(dates) if dates is not None else dict.fromkeys(self._store.names(prefix), 0.0)


def lost_document(what: str) -> MissingError:
    """The error for a document that is named elsewhere but is not stored."""
    return MissingError(f"{what} is lost", hint='docs/operations.md, "When a document is lost or damaged".')


def newest_first(dates: dict[str, float]) -> list[str]:
    """The names, newest first."""
    return sorted(dates, key=lambda name: (-dates[name], name))
