# SPDX-License-Identifier: Apache-2.0
"""Which documents of a home are the latest, and how are many of them read concurrently?

In a cloud a read takes some thirty milliseconds, but the store says when each document was kept, so only the latest are
read. A store that does not say so, as in a folder, is read completely, which there takes no time.
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
"""Documents kept within so many seconds may have been decided in any order: clocks differ, and steps take time."""

_MANY: Final = 200
"""Documents from which on a terminal shows progress."""
_ROUND: Final = 4
"""Documents per reader that are requested at once."""


class Shelf(LiveReads):
    """Reads of a home for a person: the latest, and many at once.

    `damaged` says by name what is wrong with each document that was left out since it cannot be read.
    """

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
        self.damaged: dict[str, str] = {}

    @property
    def ports(self) -> Ports:
        """What the home is reached by, for what no document tells."""
        return self._ports

    def policy(self) -> Policy:
        """The active policy as it was stored: a check that was added since must keep nobody from looking or going back."""
        return self.policy_without_delay()

    def document(self, name: str) -> Any | None:
        """The document under a name, or None; ContractError if it is damaged, or lacks what a page takes for granted."""
        found = super().document(name)
        return shaped(name, found) if found is not None else None

    def own_channel(self) -> Channel:
        """The channel that the policy in force governs."""
        return self.channel(self.policy().channel)

    def release(self, name: str) -> Mapping[str, Any]:
        """The document of a release that the channel, or another document, names.

        Raises:
            MissingError: It is lost.
        """
        found: Mapping[str, Any] | None = self.document(names.release(name))
        if found is None:
            raise lost(f"the document of {name}")
        return found

    def unservable(self, channel: str, release: str) -> str | None:
        """Why nodes on this machine could not; of others None: whoever looks may have no right to ask, and need not wait."""
        return super().unservable(channel, release) if isinstance(self._ports.traffic, LocalTraffic) else None

    def kept(self, *prefixes: str) -> dict[str, float]:
        """When each document under the prefixes was kept, in seconds; all at the same moment where that is unknown."""
        for prefix in prefixes:
            if prefix not in self._known:
                self._known[prefix] = self._dates(prefix)
        return {name: when for prefix in prefixes for name, when in self._known[prefix].items()}

    def latest(self, *prefixes: str, count: int, within: float = SLACK_SECONDS) -> list[str]:
        """The `count` latest, newest first, plus those `within` seconds of the newest, or as old as the last of them."""
        dates = self.kept(*prefixes)
        ages = sorted(dates.values(), reverse=True)
        oldest = min(ages[0] - within, ages[:count][-1]) if ages else 0.0
        return [name for name in newest_first(dates) if dates[name] >= oldest]

    def documents(self, places: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Each existing name with its document, in that order; read in rounds, so that stopping early saves the rest."""
        yield from ((name, shaped(name, decoded(name, body))) for name, body in self.bodies(places))

    def readable(self, places: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """The same without those that are damaged: one of them is not to hide all else, and `damaged` names it."""
        for name, body in self.bodies(places):
            try:
                found = shaped(name, decoded(name, body))
            except ContractError as error:
                self.damaged[name] = str(error)
            else:
                yield name, found

    def bodies(self, places: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The same, as the bytes that are stored."""
        size = self._readers * _ROUND
        rounds = [places[start : start + size] for start in range(0, len(places), size)]
        with ThreadPoolExecutor(self._readers) as pool, working("", wanted=len(places) >= _MANY) as tell:
            for number, few in enumerate(rounds):
                tell(f"Reading {len(places):,} documents: {number * size:,} so far")
                bodies = map(self._store.read, few) if self._readers == 1 else pool.map(self._store.read, few)
                yield from ((name, body) for name, body in zip(few, bodies, strict=True) if body is not None)

    def _dates(self, prefix: str) -> dict[str, float]:
        told = self._store.dates(prefix) if isinstance(self._store, Dated) else None
        return dict(told) if told is not None else dict.fromkeys(self._store.names(prefix), 0.0)


def lost(what: str) -> MissingError:
    """What to raise of a document that is named elsewhere, and is not there."""
    return MissingError(f"{what} is lost", hint='docs/operations.md, "When a document is lost or damaged".')


def newest_first(dates: dict[str, float]) -> list[str]:
    """The names, newest first."""
    return sorted(dates, key=lambda name: (-dates[name], name))
