# SPDX-License-Identifier: Apache-2.0
"""The SQLite file of store and bus, safe for several threads and processes."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from federation.errors import ServiceError, SettingsError

UNOPENED: Final = (
    "Name another folder with --folder, or mend this one: even commands that only look need to write there, "
    "on a disk that is not full."
)
"""The hint if a home cannot be opened."""
DAMAGED: Final = (
    "Its file is not as SQLite left it. Put a copy of it back, and its -wal file only with it; then go on as in "
    'docs/operations.md, "When a home was restored from a backup". What serves goes on serving meanwhile.'
)
"""The hint if the store's file is damaged."""

_TABLES = """
create table if not exists documents (name text primary key, body blob not null) without rowid;
create table if not exists channels (name text primary key, counter integer not null, body blob not null);
create table if not exists queue (
  number integer primary key autoincrement, step text not null, event blob not null, attempts integer not null default 0,
  failure text not null default '', dead integer not null default 0
);
create index if not exists waiting on queue (dead, attempts, number);
"""
_BUSY_SECONDS = 30.0
_PAUSE_SECONDS = 0.01
_FULL = "; is the disk full?"
_MAKE_ROOM = (
    "Make room first. The order may be stored already; it is then carried out with the next one: look with "
    "`federation status` before you give it again."
)


class Database:
    """One connection behind one lock. Without a path, everything is in memory.

    Raises:
        ServiceError: The file is damaged.
        SettingsError: It cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        try:
            self._connection = _connect(path)
        except sqlite3.Error as error:
            place = path.parent if path else "memory"
            if _is_damaged(error):
                raise ServiceError(f"the store of the home at {place} is damaged: {error}", hint=DAMAGED) from error
            raise SettingsError(f"the home at {place} cannot be opened: {error}", hint=UNOPENED) from error

    def rows(self, query: str, *values: Any) -> Sequence[tuple[Any, ...]]:
        """Every row of the query's result."""
        with self._locked() as connection:
            return connection.execute(query, values).fetchall()

    def changed(self, statement: str, *values: Any) -> int:
        """How many rows the statement changed."""
        with self._locked() as connection:
            return connection.execute(statement, values).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _locked(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                if _is_damaged(error):
                    raise ServiceError(f"the local store is damaged: {error}", hint=DAMAGED) from error
                full = _is_full(error)
                raise ServiceError(
                    f"the local store failed: {error}{_FULL if full else ''}", hint=_MAKE_ROOM if full else None
                ) from error


def _connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path or ":memory:", isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
    )
    try:
        _prepare(connection, "pragma journal_mode = wal;" + _TABLES if path else _TABLES)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, script: str) -> None:
    """Run the script, again while another process creates the same file: SQLite itself does not wait for WAL."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.executescript(script)
        except sqlite3.OperationalError as error:
            if (error.sqlite_errorcode & 0xFF) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _is_full(error: sqlite3.Error) -> bool:
    """Whether the disk may be full. SQLite may also report an I/O error then."""
    return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file is not a database, or an inconsistent one."""
    return _code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
