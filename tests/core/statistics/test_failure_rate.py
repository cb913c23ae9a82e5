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
def test_items_without_clusters_have_the_exact_bound(scores):
    rates = failure_rate(scores, None)
    assert (rates.unit, rates.failed, rates.total) == ("items", scores.count(0.0), len(scores))
    assert rates.upper == rate_upper(scores.count(0.0), len(scores))


@given(st.integers(20, 60), st.integers(2, 8), st.integers(0, 5))
def test_equal_clusters_that_fail_as_a_whole_count_as_single_trials(count, size, failing):
    scores = [float(index >= failing) for index in range(count) for _ in range(size)]
    rates = failure_rate(scores, [str(index) for index in range(count) for _ in range(size)])
    assert (rates.failed, rates.total) == (failing, count)
    assert rates.upper == pytest.approx(rate_upper(failing, count), rel=0.01)


@given(suites)
def test_clusters_never_prove_more_than_as_many_items_without_clusters(suite):
    scores = [score for _, score in suite]
    rates = failure_rate(scores, [str(cluster) for cluster, _ in suite])
    assert rates.upper >= failure_rate(scores, None).upper - 1e-9


@given(suites, st.randoms(use_true_random=False))
def test_the_order_of_items_and_the_names_of_clusters_do_not_change_the_bound(suite, draw):
    shuffled = draw.sample(suite, len(suite))
    original = failure_rate([score for _, score in suite], [str(cluster) for cluster, _ in suite])
    shuffled_rate = failure_rate([score for _, score in shuffled], [f"again {cluster}" for cluster, _ in shuffled])
    assert shuffled_rate.upper == pytest.approx(original.upper, rel=1e-9)


@given(st.integers(2, 40), st.integers(5, 60))
def test_a_few_long_clusters_prove_little_more_than_they_do_alone(long_clusters, short_clusters):
    """Each short cluster is one item, each long one 50; nothing fails."""
    sizes = [50] * long_clusters + [1] * short_clusters
    scores = [1.0] * sum(sizes)
    rates = failure_rate(scores, [str(index) for index, size in enumerate(sizes) for _ in range(size)])
    assert rate_upper(0, long_clusters + short_clusters / 10) < rates.upper <= rate_upper(0, long_clusters) * 1.01


def test_the_number_of_missing_clusters_that_is_named_is_enough():
    """Of the lengths that were seen, and whatever fails: enough, and fewer than twice as many as are needed."""
    draw = random.Random(4)
    lengths = [draw.randint(1, 20) for _ in range(100)]
    for failing in (0, 1, 3, 5):
        suite = suite_of(lengths, failing)
        missing = failure_rate(*suite).missing(0.02)
        extra = [lengths[index % len(lengths)] for index in range(missing)]
        assert failure_rate(*suite_of([*lengths, *extra], failing)).upper <= 0.0201
        assert failure_rate(*suite_of([*lengths, *extra[: missing // 2]], failing)).upper > 0.02


def suite_of(lengths, failing):
    scores = [float(index >= failing) for index, length in enumerate(lengths) for _ in range(length)]
    return scores, [str(index) for index, length in enumerate(lengths) for _ in range(length)]
