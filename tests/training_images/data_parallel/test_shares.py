# SPDX-License-Identifier: Apache-2.0
"""Who sees which example when."""

from hypothesis import given
from hypothesis import strategies as st

from training_images.data_parallel.shares import Shares

sizes = st.tuples(st.integers(1, 50), st.integers(1, 4), st.integers(1, 8), st.integers(0, 9))


def batch(shares, among, step):
    return [number for worker in range(among) for number in shares.of(worker, step)]


@given(sizes)
def test_a_batch_is_the_same_however_many_share_it(size):
    total, among, each, step = size
    alone = Shares(total=total, batch=among * each, among=1, seed=3)
    shared = Shares(total=total, batch=among * each, among=among, seed=3)
    assert batch(shared, among, step) == list(alone.of(0, step))


@given(sizes)
def test_nobody_gets_more_than_another(size):
    total, among, each, step = size
    shares = Shares(total=total, batch=among * each, among=among, seed=3)
    assert {len(shares.of(worker, step)) for worker in range(among)} == {each}


@given(st.integers(1, 40), st.integers(1, 12))
def test_every_example_is_seen_once_before_any_is_seen_twice(total, size):
    shares = Shares(total=total, batch=size, among=1, seed=5)
    steps = -(-total // size)
    seen = [number for step in range(steps) for number in shares.of(0, step)]
    assert sorted(seen[:total]) == list(range(total))


def test_another_seed_is_another_order():
    first, second = (Shares(total=100, batch=50, among=1, seed=seed) for seed in (1, 2))
    assert first.of(0, 0) != second.of(0, 0)
