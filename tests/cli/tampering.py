# SPDX-License-Identifier: Apache-2.0
"""Who may write a home's file writes past every command: a document is changed, damaged or gone, and so is the channel."""

import json
import sqlite3
from contextlib import closing, contextmanager

from federation.core.digest import canonical


@contextmanager
def opened_by_hand(folder):
    """The home's database, as whoever has the file opens it."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as store, store:
        yield store


def removed(folder, like):
    """Remove the stored documents whose names are like that; the names."""
    with opened_by_hand(folder) as store:
        names = [name for (name,) in store.execute("select name from documents where name like ?", (like,))]
        store.execute("delete from documents where name like ?", (like,))
    assert names
    return names


def damaged(folder, like, body=b'{"'):
    """Cut those documents off after two bytes, or put something else in their place."""
    with opened_by_hand(folder) as store:
        assert store.execute("update documents set body = ? where name like ?", (body, like)).rowcount


def channel_in(folder):
    """The channel as it is stored."""
    with opened_by_hand(folder) as store:
        ((body,),) = store.execute("select body from channels")
    return json.loads(body)


def channel_becomes(folder, channel):
    """Store another channel, with the counter that it names."""
    with opened_by_hand(folder) as store:
        store.execute("update channels set counter = ?, body = ?", (channel["counter"], canonical(channel)))


def set_back(folder, counter):
    """Make the channel again what it was after an earlier move, as that move's decision holds it."""
    with opened_by_hand(folder) as store:
        stored = [
            json.loads(body) for (body,) in store.execute("select body from documents where name like 'decisions/%'")
        ]
    moved = [decision["outcome"]["move"]["to"] for decision in stored if decision["outcome"]["move"]]
    channel_becomes(folder, next(to for to in moved if to["counter"] == counter))
