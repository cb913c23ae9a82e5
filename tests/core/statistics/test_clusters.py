# SPDX-License-Identifier: Apache-2.0
"""Ten answers out of one conversation are not ten witnesses."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.statistics.clusters import (
    by_cluster,
    count_clusters,
    dependent_clusters,
    effective_sample_size,
    independent_items,
)


def test_items_of_no_cluster_stand_alone():
    clusters = ["a", None, "b", "a", None]
    assert by_cluster([1.0, 2.0, 3.0, 4.0, 5.0], clusters) == [[1.0, 4.0], [3.0], (2.0,), (5.0,)]
    assert by_cluster([1.0, 2.0], None) == [(1.0,), (2.0,)]
    assert count_clusters(clusters) == 4


def test_clusters_of_one_item_each_change_nothing():
    assert dependent_clusters(["a", "b", None]) is None
    assert dependent_clusters(["a", "a", None]) == ["a", "a", None]


def test_five_copies_of_each_item_are_worth_a_fifth():
    draw = random.Random(1)
    pulls = [draw.gauss(0, 1) for _ in range(2000)]
    copies = [pull for pull in pulls for _ in range(5)]
    clusters = [str(index // 5) for index in range(10_000)]
    found = independent_items(copies, clusters, sum(pull * pull for pull in copies))
    assert found == pytest.approx(2000, rel=0.01)


def test_items_that_only_share_a_name_are_worth_nearly_as_much_as_before():
    draw = random.Random(2)
    pulls = [draw.gauss(0, 1) for _ in range(10_000)]
    found = independent_items(pulls, [str(index // 5) for index in range(10_000)], sum(pull * pull for pull in pulls))
    assert 9_300 < found <= 10_000


def test_few_clusters_pay_for_how_badly_they_estimate_how_far_they_differ():
    """20 pairs that pull together: an effect of 2, times 20/19, times the square of Student's t (19) over 1.645."""
    pulls = [sign for pair in range(20) for sign in [1.0 if pair % 2 else -1.0] * 2]
    found = independent_items(pulls, [str(index // 2) for index in range(40)], 40.0)
    assert found == pytest.approx(40 / (2 * 20 / 19 * (1.7291328 / 1.6448536) ** 2), rel=1e-5)
    nineteen = independent_items(pulls[2:], [str(index // 2) for index in range(38)], 38.0)
    assert nineteen == 19.0, "of so few it is not estimated at all"


def test_one_cluster_is_one_witness():
    assert independent_items([1.0, -1.0, 0.5], ["a", "a", "a"], 2.25) == 1.0


def lost(*items: int) -> list[float]:
    return [0.0 if item in items else 1.0 for item in range(1000)]


TENS = [str(item // 10) for item in range(1000)]


def test_single_failures_tell_that_items_fail_alone_the_better_the_more_there_are():
    few, many = effective_sample_size(lost(5, 305, 705), TENS), effective_sample_size(lost(*range(5, 1000, 50)), TENS)
    assert 100 < few < 500 < many <= 1000


@pytest.mark.parametrize("items", [(), (7,), tuple(range(10)), tuple(range(40))])
def test_what_nothing_or_one_failure_or_whole_clusters_show_is_worth_no_more_than_the_clusters(items):
    assert effective_sample_size(lost(*items), TENS) == pytest.approx(100)


def test_a_few_clusters_tell_nothing_of_others():
    assert effective_sample_size(lost(*range(5, 1000, 60)), [str(item // 60) for item in range(1000)]) < 20


@given(st.lists(st.floats(0, 1), min_size=60, max_size=60), st.randoms(use_true_random=False))
def test_items_are_worth_at_least_their_clusters_and_at_most_themselves_in_any_order(values, draw):
    clusters = [str(item // 3) if item < 30 else str(item) for item in range(60)]
    found = effective_sample_size(values, clusters)
    assert 60 * 60 / (10 * 9 + 30) <= found * (1 + 1e-9) <= 60 * (1 + 2e-9)
    order = draw.sample(range(60), 60)
    assert effective_sample_size([values[item] for item in order], [clusters[item] for item in order]) == pytest.approx(
        found
    )


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", None]), st.floats(-1e6, 1e6)), min_size=2), st.randoms())
def test_items_are_never_worth_more_than_they_are_nor_does_their_order_matter(items, draw):
    variance = 1e-6 + sum(pull * pull for _, pull in items)

    def effective_sample_size(these):
        return independent_items([pull for _, pull in these], [name for name, _ in these], variance)

    assert 0 < effective_sample_size(items) <= len(items)
    assert effective_sample_size(draw.sample(items, len(items))) == pytest.approx(effective_sample_size(items))
