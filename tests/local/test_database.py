# SPDX-License-Identifier: Apache-2.0
"""When the store's file cannot grow, a person is told to look at the disk; an old one is mended as the changelog says."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from federation.core.channel import channel_of
from federation.core.digest import canonical
from federation.errors import ContractError, ServiceError, SettingsError
from federation.local.database import DAMAGED, Database
from federation.local.store import LocalStore

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
RELEASE = {"name": "acme-ai-federated-v1.0.1", "units": {"embedder": {"name": "acme/embedder-v12"}}}
SERVING = {
    "name": RELEASE["name"],
    "digest": "sha256:" + "1" * 64,
    "since": "2026-09-21T09:00:00Z",
    "units": {"embedder": "sha256:" + "2" * 64},
    "new": ["sha256:" + "2" * 64],
    "commit": "c" * 40,
    "probed_at": None,
}
BEFORE_NUMBERS = {
    "schema": "channel.v1",
    "name": "production",
    "counter": 1,
    "serving": SERVING,
    "warm": [],
    "anchor": SERVING,
    "quarantine": {},
    "hold": None,
    "moves": [],
}


def test_a_store_that_cannot_grow_asks_whether_the_disk_is_full(tmp_path):
    database = Database(tmp_path / "store.sqlite")
    database.rows("pragma max_page_count = 8")
    with pytest.raises(ServiceError, match=r"is the disk full\?") as full:
        database.changed("insert into documents values (?, ?)", "much", bytes(1_000_000))
    with pytest.raises(ServiceError) as other:
        database.rows("select * from nowhere")
    assert "disk" not in str(other.value)
    assert full.value.hint.startswith("Make room first. The order may be stored already")
    assert other.value.hint == ServiceError.hint
    database.close()


def test_two_commands_that_begin_a_home_at_the_same_moment_both_find_it_open(tmp_path):
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin immediate")  # as the other command does to make the tables
        done = threading.Timer(0.2, other.commit)
        done.start()
        database = Database(path)
        done.join()
    assert database.rows("pragma journal_mode") == [("wal",)]
    database.close()


def test_a_folder_where_a_store_should_be_is_told_with_the_home_that_it_is_in(tmp_path):
    store = tmp_path / "store.sqlite"
    store.mkdir()
    with pytest.raises(SettingsError, match=f"the home at {tmp_path} cannot be opened: ") as unopened:
        Database(store)
    assert "on a disk that is not full" in unopened.value.hint


def test_a_letter_where_a_store_should_be_is_a_damaged_store(tmp_path):
    store = tmp_path / "store.sqlite"
    store.write_text("Dear Eva,")
    with pytest.raises(ServiceError, match=f"the store of the home at {tmp_path} is damaged: ") as damaged:
        Database(store)
    assert damaged.value.hint == DAMAGED


def test_a_page_that_is_damaged_is_found_when_it_is_read(tmp_path):
    path = tmp_path / "store.sqlite"
    database = Database(path)
    for number in range(2000):
        database.changed("insert into documents values (?, ?)", f"{number}", b"{}")
    database.close()
    pages = bytearray(path.read_bytes())
    pages[4096 * 2 :] = b"\xaa" * len(pages[4096 * 2 :])
    path.write_bytes(pages)
    database = Database(path)
    with pytest.raises(ServiceError, match="damaged: ") as damaged:
        database.rows("select name, body from documents")
    assert damaged.value.hint == DAMAGED
    database.close()


def test_the_channel_of_a_home_from_before_numbers_is_mended_with_what_the_changelog_prints(tmp_path):
    path = tmp_path / "store.sqlite"
    database = Database(path)
    store = LocalStore(database)
    store.keep(f"releases/{RELEASE['name']}", canonical(RELEASE))
    store.move("production", 0, canonical(BEFORE_NUMBERS))
    with pytest.raises(ContractError, match="numbers") as refused:
        channel_of(msgspec.json.decode(store.channel("production")), "production")
    assert '"Before you upgrade"' in refused.value.hint

    page = CHANGELOG.read_text("utf-8").partition("### Before you upgrade")[2]
    script = tmp_path / "add_numbers.py"
    script.write_text(textwrap.dedent(page.partition("```python\n")[2].partition("  ```")[0]), "utf-8")
    subprocess.run([sys.executable, script, path], check=True)

    mended = channel_of(msgspec.json.decode(store.channel("production")), "production")
    assert mended.serving.numbers == mended.anchor.numbers == {"embedder": 12}
    store.move("production", 1, canonical({**mended.document(), "counter": 2}))
    database.close()
