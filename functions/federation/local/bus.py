# SPDX-License-Identifier: Apache-2.0
"""The bus on SQLite, a queue like a cloud's: if a step fails, the event is redelivered, and becomes a dead letter."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from federation.core.digest import canonical
from federation.core.event import Event
from federation.local.database import Database
from federation.ports import DeadLetter

ATTEMPTS: Final = 5
"""Deliveries of one event to one step before it becomes a dead letter."""

Deliver = Callable[[str, Event], object]


class LocalBus:
    """A queue with one row per event and step: at least once, fewest attempts first, then oldest first."""

    def __init__(self, database: Database, routes: Mapping[str, Sequence[str]]) -> None:
        self._database = database
        self._routes = routes

    def announce(self, events: Sequence[Event]) -> None:
        """Queue each event for every step that handles its type."""
        for event in events:
            body = canonical(event.document())
            for step in self._routes.get(event.type, ()):
                self._database.changed("insert into queue (step, event) values (?, ?)", step, body)

    def drain(self, deliver: Deliver) -> int:
        """Deliver until nothing waits, and return how many deliveries succeeded."""
        return sum(1 for delivered in self._deliveries(deliver) if delivered)

    def waiting(self) -> int:
        """How many deliveries wait."""
        ((count,),) = self._database.rows("select count(*) from queue where dead = 0")
        return int(count)

    def open(self) -> Sequence[DeadLetter]:
        """The waiting deliveries, oldest first, each with the failure of its last attempt."""
        rows = self._database.rows(
            "select number, step, event, failure, attempts from queue where dead = 0 order by number"
        )
        return [_dead_letter(*row) for row in rows]

    def dead(self) -> Sequence[DeadLetter]:
        """The dead letters, oldest first."""
        rows = self._database.rows(
            "select number, step, event, failure, attempts from queue where dead = 1 order by number"
        )
        return [_dead_letter(*row) for row in rows]

    def redrive(self, step: str | None = None, ids: Collection[str] | None = None) -> int:
        """Queue the dead letters of one step, or of all, again, or only these ids; return how many there were."""
        again = "update queue set dead = 0, attempts = 0 where dead = 1 and step = coalesce(?, step)"
        if ids is None:
            return self._database.changed(again, step)
        return sum(self._database.changed(f"{again} and cast(number as text) = ?", step, id_) for id_ in set(ids))

    def _deliveries(self, deliver: Deliver) -> Iterator[bool]:
        next_one = "select number, step, event, attempts from queue where dead = 0 order by attempts, number limit 1"
        while rows := self._database.rows(next_one):
            number, step, body, attempts = rows[0]
            try:
                deliver(step, Event.of(msgspec.json.decode(body)))
            except Exception as error:  # noqa: BLE001 - as with a cloud's queue, other deliveries continue
                self._record_failure(number, attempts + 1, error)
                yield False
            else:
                self._database.changed("delete from queue where number = ?", number)
                yield True

    def _record_failure(self, number: int, attempts: int, error: Exception) -> None:
        self._database.changed(
            "update queue set attempts = ?, failure = ?, dead = ? where number = ?",
            attempts,
            f"{type(error).__name__}: {error}",
            int(attempts >= ATTEMPTS),
            number,
        )


def _dead_letter(number: int, step: str, body: bytes, failure: str, attempts: int) -> DeadLetter:
    event = Event.of(msgspec.json.decode(body))
    return DeadLetter(id=str(number), step=step, event=event, failure=failure, attempts=attempts, at=event.time)
