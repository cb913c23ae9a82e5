# SPDX-License-Identifier: Apache-2.0
"""A document never changes, so a process asks for it once; a listing of policies is believed for a minute."""

import pytest

from federation.cache import LARGEST_BYTES, CachedStore
from federation.core import names
from federation.errors import ConflictError
from federation.wiring.local import local_home


class Counted:
    """A store that writes down what it is asked."""

    def __init__(self, store):
        self._store, self.asked = store, []

    def __getattr__(self, name):
        method = getattr(self._store, name)

        def noted(*args):
            self.asked.append((name, args[0]))
            return method(*args)

        return noted


@pytest.fixture
def store(tmp_path):
    home = local_home(tmp_path, in_memory=True)
    yield Counted(home.ports.store)
    home.close()


def test_what_was_kept_or_read_once_is_not_asked_for_again(store):
    store.keep("a", b"1")
    process = CachedStore(store)
    store.asked.clear()
    for _ in range(2):
        assert process.read("a") == b"1"
        process.keep("a", b"1")
        process.keep("b", b"2")
        assert process.read("b") == b"2"
        assert not process.claim("b", b"3")
    assert store.asked == [("read", "a"), ("keep", "b")]
    with pytest.raises(ConflictError):
        process.keep("a", b"another")


def test_that_something_is_not_there_is_asked_again(store):
    process = CachedStore(store)
    assert process.read("a") is None
    store.keep("a", b"1")
    assert process.read("a") == b"1"
    assert process.recall("a") == b"1"
    assert process.recall("b") is None


def test_a_new_policy_is_seen_within_a_minute_and_an_expired_listing_is_only_recalled(store):
    now = [1000.0]
    process = CachedStore(store, clock=lambda: now[0])
    assert process.recall_policies(None) is None
    assert process.names(names.POLICIES) == []
    store.keep(names.policy(1), b"{}")
    now[0] += 60.0
    assert process.names(names.POLICIES) == []
    assert process.recall_policies(None) is None, "it has not expired, so there is no need to guess"
    now[0] += 1.0
    assert process.recall_policies(None) == []
    assert process.recall_policies(1.0) == []
    assert process.recall_policies(0.5) is None
    assert process.names(names.POLICIES) == [names.policy(1)]


def test_a_policy_that_somebody_else_has_seen_is_looked_for_at_once(store):
    process = CachedStore(store)
    process.names(names.POLICIES)
    store.keep(names.policy(1), b"{}")
    process.expect(names.release("spiralverse-ai-federated-v1.0.0"))
    assert process.names(names.POLICIES) == []
    process.expect(names.policy(1))
    assert process.names(names.POLICIES) == [names.policy(1)]
    store.asked.clear()
    process.expect(names.policy(1))
    process.names(names.POLICIES)
    assert store.asked == []


def test_a_policy_that_the_process_stored_itself_is_in_its_next_listing(store):
    process = CachedStore(store)
    assert process.names(names.POLICIES) == []
    process.keep(names.policy(1), b"{}")
    assert process.names(names.POLICIES) == [names.policy(1)]


def test_what_was_used_longest_ago_is_forgotten_first(store):
    process = CachedStore(store)
    half = bytes(LARGEST_BYTES // 2)
    process.keep("a", half)
    process.keep("b", half)
    process.read("a")
    assert [process.recall(name) is not None for name in "ab"] == [True, True]
    process.keep("c", b"x")
    assert [process.recall(name) is not None for name in "abc"] == [True, False, True]
