# SPDX-License-Identifier: Apache-2.0
"""Bytes that should cross the network, against the same thing done by hand."""

from hypothesis import given
from hypothesis import strategies as st

from training_images.data_parallel.theory import by_rank


def around_a_ring(workers, model):
    """Bytes that worker 0 sends when every worker passes chunk after chunk on to its neighbour."""
    sent = 0
    for _ in ("reduce-scatter", "all-gather"):
        for _ in range(workers - 1):
            sent += model // workers
    return sent


@given(st.integers(2, 16), st.integers(1, 10**6))
def test_a_ring_moves_as_much_as_its_messages_added_up(workers, chunk):
    model = workers * chunk
    sent = around_a_ring(workers, model)
    assert by_rank("ring", workers, model) == [2 * sent] * workers


@given(st.integers(2, 64), st.integers(1, 10**9))
def test_a_worker_of_a_ring_never_sends_the_model_twice(workers, model):
    assert all(both // 2 < 2 * model for both in by_rank("ring", workers, model))


def test_a_server_carries_every_gradient_and_every_copy_of_the_weights():
    assert by_rank("server", 4, 100) == [600, 200, 200, 200]


@given(st.integers(2, 64), st.integers(1, 10**9))
def test_what_the_server_carries_is_what_its_workers_carry(processes, model):
    server, *workers = by_rank("server", processes, model)
    assert server == sum(workers)


def test_one_process_alone_sends_nothing():
    assert by_rank("ring", 1, 100) == [0]
