# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from federation.core.statistics.bootstrap import FEWEST, clustered_mean

SHAPES = {
    "normal": lambda draw: draw.normal(size=60),
    "heavy-tailed": lambda draw: draw.standard_t(3, size=60),
    "rare large losses": lambda draw: np.exp(0.5) - draw.lognormal(0, 1, size=60),
    "clustered": lambda draw: np.repeat(draw.normal(size=60), 4) + draw.normal(size=240),
}


def drawn(seed: int = 17) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_candidate_at_the_margin_passes_about_one_time_in_twenty(shape):
    draw, passes = drawn(), 0
    for seed in range(400):
        values = SHAPES[shape](draw)
        clusters = [str(item // 4) for item in range(240)] if len(values) == 240 else None
        passes += clustered_mean(values, clusters, span=5.0, seed=seed).lower > 0
    assert 0.015 < passes / 400 < 0.09


def test_a_true_difference_is_found():
    values = drawn().normal(0.5, 1, size=400)
    found = clustered_mean(values, None, span=5.0, seed=0)
    assert found.estimate == pytest.approx(values.mean())
    assert 0.3 < found.lower < found.estimate < found.upper < 0.7


def test_items_that_repeat_within_a_cluster_widen_the_bounds():
    values = np.repeat(drawn().normal(size=50), 20)
    alone = clustered_mean(values, None, span=5.0, seed=0)
    together = clustered_mean(values, [str(item // 20) for item in range(1000)], span=5.0, seed=0)
    assert together.estimate == pytest.approx(alone.estimate)
    assert together.error == pytest.approx(alone.error * 20**0.5, rel=0.02)


def test_clusters_of_different_sizes_weigh_as_many_items_as_they_hold():
    draw, passes = drawn(), 0
    clusters = [str(cluster) for cluster in range(60) for _ in range(1 + cluster % 5)]
    for seed in range(400):
        shared = dict(zip(dict.fromkeys(clusters), draw.normal(size=60), strict=True))
        values = [shared[cluster] + draw.normal() for cluster in clusters]
        found = clustered_mean(values, clusters, span=5.0, seed=seed)
        assert found.estimate == pytest.approx(sum(values) / len(values))
        passes += found.lower > 0
    assert 0.015 < passes / 400 < 0.09


def test_the_order_of_items_and_the_names_of_clusters_change_nothing():
    values, clusters = drawn().normal(size=900), [str(item // 3) for item in range(900)]
    shuffled = drawn(5).permutation(900)
    renamed = [f"document {clusters[item]}" for item in shuffled]
    expected = clustered_mean(values, clusters, span=5.0, seed=3)
    assert clustered_mean(values[shuffled], renamed, span=5.0, seed=3) == expected


def test_an_item_without_a_cluster_stands_alone():
    values = drawn().normal(size=90)
    assert clustered_mean(values, [None] * 90, span=5.0, seed=0) == clustered_mean(values, None, span=5.0, seed=0)


def test_the_same_seed_gives_the_same_bounds_and_another_nearly_the_same():
    values = drawn().gamma(2, size=3000)
    one, again, other = (clustered_mean(values, None, span=5.0, seed=seed) for seed in (1, 1, 2))
    assert one == again != other
    assert one.lower == pytest.approx(other.lower, rel=0.02)


def test_equal_differences_are_bounded_by_what_was_not_seen():
    found = clustered_mean([0.0] * 149, None, span=1.0, seed=0)
    assert found.estimate == 0.0
    assert -0.02 < found.lower < 0 < found.upper < 0.02
    assert clustered_mean([0.0] * 148, None, span=1.0, seed=0).lower < -0.02


def test_a_single_tiny_gain_proves_no_more_than_none():
    values = [0.0] * 29 + [1e-9]
    assert clustered_mean(values, None, span=1.0, seed=0).lower < -0.09


def test_few_clusters_prove_nothing_however_many_items_they_hold():
    clusters = [str(item % (FEWEST - 1)) for item in range(5000)]
    found = clustered_mean(drawn().uniform(-0.001, 0.001, size=5000), clusters, span=1.0, seed=0)
    assert found.lower < -0.1
    assert found.upper > 0.1


def test_few_differences_of_unknown_size_have_no_bound():
    assert clustered_mean([0.0] * 500, None, span=0.0, seed=0) is None
    assert clustered_mean([0.0] * 480 + [0.1] * 20, None, span=0.0, seed=0) is not None


def test_one_cluster_proves_nothing():
    found = clustered_mean([0.1, 0.2, 0.3], ["a", "a", "a"], span=1.0, seed=0)
    assert found.lower < -0.5
    assert found.upper > 0.5
