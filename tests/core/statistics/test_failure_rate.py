# SPDX-License-Identifier: Apache-2.0
"""Items of a cluster may fail together, and a long cluster is more items than a short one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.statistics.exact import rate_upper
from federation.core.statistics.failure_rate import failure_rate

suites = st.lists(st.tuples(st.integers(0, 12), st.sampled_from([0.0, 1.0, 1.0, 1.0])), min_size=2, max_size=60)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=50))
def test_items_that_stand_alone_have_the_exact_bound(held):
    found = failure_rate(held, None)
    assert (found.unit, found.failed, found.total) == ("items", held.count(0.0), len(held))
    assert found.upper == rate_upper(held.count(0.0), len(held))


@given(st.integers(20, 60), st.integers(2, 8), st.integers(0, 5))
def test_clusters_of_one_size_that_fail_as_a_whole_are_trials_of_their_own(count, size, failing):
    held = [float(index >= failing) for index in range(count) for _ in range(size)]
    found = failure_rate(held, [str(index) for index in range(count) for _ in range(size)])
    assert (found.failed, found.total) == (failing, count)
    assert found.upper == pytest.approx(rate_upper(failing, count), rel=0.01)


@given(suites)
def test_clusters_never_prove_more_than_as_many_items_that_stand_alone(suite):
    held = [score for _, score in suite]
    found = failure_rate(held, [str(cluster) for cluster, _ in suite])
    assert found.upper >= failure_rate(held, None).upper - 1e-9


@given(suites, st.randoms(use_true_random=False))
def test_neither_the_order_of_items_nor_the_names_of_clusters_change_the_bound(suite, draws):
    shuffled = draws.sample(suite, len(suite))
    one = failure_rate([score for _, score in suite], [str(cluster) for cluster, _ in suite])
    other = failure_rate([score for _, score in shuffled], [f"again {cluster}" for cluster, _ in shuffled])
    assert other.upper == pytest.approx(one.upper, rel=1e-9)


@given(st.integers(2, 40), st.integers(5, 60))
def test_a_few_long_clusters_prove_little_more_than_they_do_alone(long, short):
    """Each short cluster is one item, each long one 50; nothing fails."""
    sizes = [50] * long + [1] * short
    held = [1.0] * sum(sizes)
    found = failure_rate(held, [str(index) for index, size in enumerate(sizes) for _ in range(size)])
    assert rate_upper(0, long + short / 10) < found.upper <= rate_upper(0, long) * 1.01


def test_as_many_more_clusters_as_are_said_to_be_missing_settle_it():
    """Of the lengths that were seen, and whatever fails: enough, and fewer than twice as many as are needed."""
    draws = random.Random(4)
    lengths = [draws.randint(1, 20) for _ in range(100)]
    for failing in (0, 1, 3, 5):
        seen = suite_of(lengths, failing)
        missing = failure_rate(*seen).missing(0.02)
        more = [lengths[index % len(lengths)] for index in range(missing)]
        assert failure_rate(*suite_of([*lengths, *more], failing)).upper <= 0.0201
        assert failure_rate(*suite_of([*lengths, *more[: missing // 2]], failing)).upper > 0.02


def suite_of(lengths, failing):
    held = [float(index >= failing) for index, length in enumerate(lengths) for _ in range(length)]
    return held, [str(index) for index, length in enumerate(lengths) for _ in range(length)]
