# SPDX-License-Identifier: Apache-2.0
"""When the store's file cannot grow, a person is told to look at the disk."""

import pytest

from federation.errors import ServiceError
from federation.local.database import Database


def test_a_store_that_cannot_grow_asks_whether_the_disk_is_full(tmp_path):
    database = Database(tmp_path / "store.sqlite")
    database.rows("pragma max_page_count = 8")
    with pytest.raises(ServiceError, match=r"is the disk full\?"):
        database.changed("insert into documents values (?, ?)", "much", bytes(1_000_000))
    with pytest.raises(ServiceError) as other:
        database.rows("select * from nowhere")
    assert "disk" not in str(other.value)
    database.close()
