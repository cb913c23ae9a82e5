# SPDX-License-Identifier: Apache-2.0
"""A file that is no database is refused, and let go."""

import gc
import sqlite3

import pytest

from federation.local.database import Database


def connections():
    return {id(one): one for one in gc.get_objects() if isinstance(one, sqlite3.Connection)}


def test_a_file_that_is_no_database_is_let_go(tmp_path):
    place = tmp_path / "store.sqlite"
    place.write_bytes(b"no database at all" * 100)
    before = connections()
    with pytest.raises(sqlite3.DatabaseError) as refused:
        Database(place)
    (left,) = [one for name, one in connections().items() if name not in before]
    assert "not a database" in str(refused.value)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        left.execute("select 1")
