# SPDX-License-Identifier: Apache-2.0
"""What every store promises: nothing changes under its name, and one of two racers wins."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from federation.cache import CachedStore
from federation.core.digest import canonical
from federation.errors import ConflictError


def channel(counter, by="nobody"):
    return canonical({"counter": counter, "by": by})


def test_the_same_content_again_is_a_no_op_and_other_content_a_conflict(store):
    store.keep("units/a", b"one")
    store.keep("units/a", b"one")
    with pytest.raises(ConflictError, match="units/a is taken"):
        store.keep("units/a", b"two")
    assert store.read("units/a") == b"one"


def test_a_claim_tells_whether_the_name_was_free_and_compares_nothing(store):
    assert store.claim("events/a", b"one") is True
    assert store.claim("events/a", b"one") is False
    assert store.claim("events/a", b"two") is False
    assert store.read("events/a") == b"one"


def test_of_eight_racers_for_each_of_twenty_names_exactly_one_wins(store):
    with ThreadPoolExecutor(8) as pool:
        for name in range(20):
            won = pool.map(lambda racer, name=name: store.claim(f"events/{name}", b"%d" % racer), range(8))
            assert sum(won) == 1


def test_what_was_never_kept_is_none(store):
    assert store.read("units/none") is None
    assert store.channel("production") is None


def test_names_are_listed_by_prefix_in_order_and_nothing_beside_them(store):
    for name in ("reports/b", "reports/a/2", "reports/a/1", "reportsz", "report", "units/a"):
        store.keep(name, b"{}")
    assert store.names("reports/") == ["reports/a/1", "reports/a/2", "reports/b"]
    assert store.names("reports/a/") == ["reports/a/1", "reports/a/2"]
    assert store.names("nothing/") == []


def test_a_channel_moves_only_from_the_counter_that_was_expected(store):
    store.move("production", 0, channel(1))
    store.move("production", 1, channel(2))
    for stale in (0, 1, 3):
        with pytest.raises(ConflictError, match="moved it first"):
            store.move("production", stale, channel(stale + 1))
    assert store.channel("production") == channel(2)


def test_channels_do_not_know_each_other(store):
    store.move("production", 0, channel(1))
    store.move("staging", 0, channel(1, "somebody"))
    assert store.channel("production") == channel(1)


def test_of_eight_racers_for_each_of_twenty_moves_exactly_one_wins(store):
    def race(counter, racer):
        try:
            store.move("production", counter, channel(counter + 1, racer))
        except ConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        for counter in range(20):
            assert sum(pool.map(lambda racer, counter=counter: race(counter, racer), range(8))) == 1


@pytest.fixture(params=["s3", "gcs"])
def cloud_store(request):
    return request.getfixturevalue(f"{request.param}_store")


def test_a_store_in_a_cloud_tells_when_each_document_was_kept(cloud_store):
    for name in ("reports/a", "reports/b", "units/a"):
        cloud_store.keep(name, b"{}")
    found = CachedStore(cloud_store).dates("reports/")
    assert sorted(found) == ["reports/a", "reports/b"]
    assert all(abs(kept - time.time()) < 60 for kept in found.values())


def test_a_store_that_does_not_know_says_so(memory_store):
    assert CachedStore(memory_store).dates("reports/") is None
