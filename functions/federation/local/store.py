# SPDX-License-Identifier: Apache-2.0
"""The store on SQLite. Documents are only created; a channel is replaced only at the expected counter."""

from collections.abc import Sequence

import msgspec

from federation.errors import ConflictError
from federation.local.database import Database


class LocalStore:
    """Documents and channels in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, name: str, body: bytes) -> bool:
        """Create the document if the name is free, and return whether it was; an existing document is not compared."""
        return bool(self._database.changed("insert or ignore into documents values (?, ?)", name, body))

    def keep(self, name: str, body: bytes) -> None:
        """Create the document; the same body again is a no-op, another body under a taken name a ConflictError."""
        if not self.claim(name, body) and self.read(name) != body:
            raise ConflictError(f"{name} is taken by other content")

    def read(self, name: str) -> bytes | None:
        """The body under a name, or None."""
        rows = self._database.rows("select body from documents where name = ?", name)
        return rows[0][0] if rows else None

    def names(self, prefix: str) -> Sequence[str]:
        """Every name with this prefix, sorted by code point."""
        after = prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else "\U0010ffff"
        rows = self._database.rows(
            "select name from documents where name >= ? and name < ? order by name", prefix, after
        )
        return [name for (name,) in rows]

    def channel(self, name: str) -> bytes | None:
        """The channel's document, or None before its first move."""
        rows = self._database.rows("select body from channels where name = ?", name)
        return rows[0][0] if rows else None

    def move(self, name: str, expected: int, to: bytes) -> None:
        """Replace the channel's document if its counter is `expected` (0 before the first move)."""
        counter = msgspec.json.decode(to)["counter"]
        if not self._replace(name, expected, counter, to):
            raise ConflictError(f"channel {name} is no longer at move {expected}; somebody else moved it first")

    def _replace(self, name: str, expected: int, counter: int, to: bytes) -> int:
        if expected == 0:
            insert = "insert into channels (name, counter, body) values (?, ?, ?) on conflict (name) do nothing"
            return self._database.changed(insert, name, counter, to)
        update = "update channels set counter = ?, body = ? where name = ? and counter = ?"
        return self._database.changed(update, counter, to, name, expected)
