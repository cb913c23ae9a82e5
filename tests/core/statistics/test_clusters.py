# SPDX-License-Identifier: Apache-2.0
"""Ten answers from one conversation are not ten independent observations."""

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


def test_items_without_a_cluster_stand_alone():
    clusters = ["a", None, "b", "a", None]
    assert by_cluster([1.0, 2.0, 3.0, 4.0, 5.0], clusters) == [[1.0, 4.0], [3.0], (2.0,), (5.0,)]
    assert by_cluster([1.0, 2.0], None) == [(1.0,), (2.0,)]
    assert count_clusters(clusters) == 4


def test_clusters_of_one_item_each_change_nothing():
    assert dependent_clusters(["a", "b", None]) is None
    assert dependent_clusters(["a", "a", None]) == ["a", "a", None]


def test_five_copies_of_each_item_are_worth_a_fifth():
    draw = random.Random(1)
    effects = [draw.gauss(0, 1) for _ in range(2000)]
    copied = [effect for effect in effects for _ in range(5)]
    clusters = [str(index // 5) for index in range(10_000)]
    effective = independent_items(copied, clusters, sum(effect * effect for effect in copied))
    assert effective == pytest.approx(2000, rel=0.01)


def test_unrelated_items_in_one_cluster_are_worth_nearly_as_much_as_alone():
    draw = random.Random(2)
    effects = [draw.gauss(0, 1) for _ in range(10_000)]
    effective = independent_items(
        effects, [str(index // 5) for index in range(10_000)], sum(effect * effect for effect in effects)
    )
    assert 9_300 < effective <= 10_000


def test_a_small_number_of_clusters_widens_the_bounds():
    """20 pairs that pull together: an effect of 2, times 20/19, times the square of Student's t (19) over 1.645."""
    effects = [sign for pair in range(20) for sign in [1.0 if pair % 2 else -1.0] * 2]
    effective = independent_items(effects, [str(index // 2) for index in range(40)], 40.0)
    assert effective == pytest.approx(40 / (2 * 20 / 19 * (1.7291328 / 1.6448536) ** 2), rel=1e-5)
    nineteen = independent_items(effects[2:], [str(index // 2) for index in range(38)], 38.0)
    assert nineteen == 19.0, "so few are not estimated at all"


def test_one_cluster_is_worth_one_observation():
    assert independent_items([1.0, -1.0, 0.5], ["a", "a", "a"], 2.25) == 1.0


def lost(*items: int) -> list[float]:
    return [0.0 if item in items else 1.0 for item in range(1000)]


TENS = [str(item // 10) for item in range(1000)]


def test_the_more_single_failures_the_more_items_count_as_independent():
    few_failures, many_failures = (
        effective_sample_size(lost(5, 305, 705), TENS),
        effective_sample_size(lost(*range(5, 1000, 50)), TENS),
    )
    assert 100 < few_failures < 500 < many_failures <= 1000


@pytest.mark.parametrize("items", [(), (7,), tuple(range(10)), tuple(range(40))])
def test_failures_in_at_most_one_cluster_or_whole_clusters_count_by_cluster(items):
    assert effective_sample_size(lost(*items), TENS) == pytest.approx(100)


def test_a_few_clusters_tell_nothing_about_others():
    assert effective_sample_size(lost(*range(5, 1000, 60)), [str(item // 60) for item in range(1000)]) < 20


@given(st.lists(st.floats(0, 1), min_size=60, max_size=60), st.randoms(use_true_random=False))
def test_items_are_worth_between_their_clusters_and_themselves_in_any_order(values, draw):
    clusters = [str(item // 3) if item < 30 else str(item) for item in range(60)]
    effective = effective_sample_size(values, clusters)
    assert 60 * 60 / (10 * 9 + 30) <= effective * (1 + 1e-9) <= 60 * (1 + 2e-9)
    order = draw.sample(range(60), 60)
    assert effective_sample_size([values[item] for item in order], [clusters[item] for item in order]) == pytest.approx(
        effective
    )


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", None]), st.floats(-1e6, 1e6)), min_size=2), st.randoms())
def test_items_are_never_worth_more_than_their_number_in_any_order(items, draw):
    variance = 1e-6 + sum(effect * effect for _, effect in items)

    def effective_sample_size(sample):
        return independent_items([effect for _, effect in sample], [name for name, _ in sample], variance)

    assert 0 < effective_sample_size(items) <= len(items)
    assert effective_sample_size(draw.sample(items, len(items))) == pytest.approx(effective_sample_size(items))
