# SPDX-License-Identifier: Apache-2.0
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from federation.core.statistics.bootstrap import FEW, FEWEST, clustered_mean

ROOT = Path(__file__).resolve().parents[3]

SHAPES = {
    "normal": lambda draw: draw.normal(size=60),
    "heavy-tailed": lambda draw: draw.standard_t(3, size=60),
    "rare large losses": lambda draw: np.exp(0.5) - draw.lognormal(0, 1, size=60),
    "clustered": lambda draw: np.repeat(draw.normal(size=60), 4) + draw.normal(size=240),
}


def generator(seed: int = 17) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_candidate_at_the_margin_passes_about_one_time_in_twenty(shape):
    draw, passes = generator(), 0
    for run in range(300):
        values = SHAPES[shape](draw).tolist()
        clusters = [str(item // 4) for item in range(240)] if len(values) == 240 else None
        passes += clustered_mean(values, clusters, score_range=5.0, seed=run % 4).lower > 0
    assert 0.015 < passes / 300 < 0.09


def test_a_true_difference_is_inside_the_bounds():
    values = generator().normal(0.5, 1, size=400)
    intervals = clustered_mean(values, None, score_range=5.0, seed=0)
    assert intervals.estimate == pytest.approx(values.mean())
    assert 0.3 < intervals.lower < intervals.estimate < intervals.upper < 0.7


def test_items_that_repeat_within_a_cluster_widen_the_bounds():
    values = np.repeat(generator().normal(size=50), 20)
    ungrouped = clustered_mean(values, None, score_range=5.0, seed=0)
    grouped = clustered_mean(values, [str(item // 20) for item in range(1000)], score_range=5.0, seed=0)
    assert grouped.estimate == pytest.approx(ungrouped.estimate)
    assert grouped.error == pytest.approx(ungrouped.error * 20**0.5, rel=0.02)


def test_a_cluster_weighs_as_many_items_as_it_holds():
    draw, passes = generator(), 0
    clusters = [str(cluster) for cluster in range(60) for _ in range(1 + cluster % 5)]
    for run in range(300):
        shared = dict(zip(dict.fromkeys(clusters), draw.normal(size=60).tolist(), strict=True))
        values = [shared[cluster] + draw.normal() for cluster in clusters]
        intervals = clustered_mean(values, clusters, score_range=5.0, seed=run % 4)
        assert intervals.estimate == pytest.approx(sum(values) / len(values))
        passes += intervals.lower > 0
    assert 0.015 < passes / 300 < 0.09


def test_a_giant_cluster_counts_as_one_however_many_items_it_holds():
    draw, passes = generator(), 0
    clusters = ["giant"] * 200 + [str(item // 10) for item in range(390)]
    for run in range(200):
        shared = dict(zip(dict.fromkeys(clusters), draw.normal(size=40).tolist(), strict=True))
        values = [shared[cluster] + 0.5 * draw.normal() for cluster in clusters]
        passes += clustered_mean(values, clusters, score_range=5.0, seed=run % 4).lower > 0
    assert passes / 200 < 0.075


def test_a_document_that_loses_one_item_weighs_as_one_lost_item():
    clusters = [str(item // 5) for item in range(1000)]
    values = [-1.0 if item % 50 == 0 and item < 750 else 0.0 for item in range(1000)]
    intervals = clustered_mean(values, clusters, score_range=1.0, seed=0)
    assert -0.035 < intervals.lower < intervals.estimate == -0.015
    whole_documents = clustered_mean(
        [-1.0 if item // 5 in range(0, 150, 10) else 0.0 for item in range(1000)], clusters, score_range=1.0, seed=0
    )
    assert whole_documents.lower < -0.11


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_the_order_of_items_and_the_names_of_clusters_change_nothing(count):
    clusters = [str(item % count) for item in range(900)]
    values, shuffled = generator().normal(size=900), generator(5).permutation(900)
    renamed = [f"document {clusters[item]}" for item in shuffled]
    expected = clustered_mean(values, clusters, score_range=5.0, seed=3)
    assert clustered_mean(values[shuffled], renamed, score_range=5.0, seed=3) == expected


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_an_item_without_a_cluster_stands_alone(count):
    values = generator().normal(size=count)
    ungrouped = clustered_mean(values, None, score_range=5.0, seed=0)
    assert clustered_mean(values, [None] * count, score_range=5.0, seed=0) == ungrouped
    assert clustered_mean(values, ["a", "b", "c"] + [None] * (count - 3), score_range=5.0, seed=0) == ungrouped
    assert clustered_mean(values, ["a", "a", "a"] + [None] * (count - 3), score_range=5.0, seed=0) != ungrouped


@pytest.mark.parametrize("count", [FEW, FEW + 1, 3000])
def test_the_same_seed_gives_the_same_bounds_and_another_nearly_the_same(count):
    values = generator().gamma(2, size=count)
    first, repeated, other_seed = (clustered_mean(values, None, score_range=5.0, seed=seed) for seed in (1, 1, 2))
    assert first == repeated != other_seed
    assert first.lower == pytest.approx(other_seed.lower, rel=0.02)


def test_equal_differences_are_bounded_by_what_was_not_sampled():
    intervals = clustered_mean([0.0] * 149, None, score_range=1.0, seed=0)
    assert intervals.estimate == 0.0
    assert -0.02 < intervals.lower < 0 < intervals.upper < 0.02
    assert clustered_mean([0.0] * 148, None, score_range=1.0, seed=0).lower < -0.02


def test_one_tiny_gain_proves_no_more_than_none():
    values = [0.0] * 29 + [1e-9]
    assert clustered_mean(values, None, score_range=1.0, seed=0).lower < -0.09


def test_few_clusters_prove_nothing_however_many_items_they_hold():
    clusters = [str(item % (FEWEST - 1)) for item in range(5000)]
    intervals = clustered_mean(generator().uniform(-0.001, 0.001, size=5000), clusters, score_range=1.0, seed=0)
    assert intervals.lower < -0.1
    assert intervals.upper > 0.1


def test_few_differences_of_unknown_size_have_no_bound():
    assert clustered_mean([0.0] * 500, None, score_range=0.0, seed=0) is None
    assert clustered_mean([0.0] * 480 + [0.1] * 20, None, score_range=0.0, seed=0) is not None


def test_one_cluster_proves_nothing():
    intervals = clustered_mean([0.1, 0.2, 0.3], ["a", "a", "a"], score_range=1.0, seed=0)
    assert intervals.lower < -0.5
    assert intervals.upper > 0.5


@pytest.mark.parametrize("items", [60, 600])
@pytest.mark.parametrize("score", [1.0, 0.5, 0.1])
def test_equal_scores_in_documents_of_any_length_are_bounded(items, score):
    clusters = [str(document) for document in range(items) for _ in range(1 + document % 3)]
    intervals = clustered_mean([score] * len(clusters), clusters, score_range=1.0, seed=0)
    assert intervals.estimate == pytest.approx(score)
    assert score - 10 / items < intervals.lower < score - 1 / items
    assert score + (1 - score) / items <= intervals.upper < score + 10 / items


@pytest.mark.parametrize("count", [FEW, FEW + 1])
@pytest.mark.parametrize("power", [-1000, -400, 400, 1000])
def test_a_metric_in_another_unit_has_the_same_bounds_in_that_unit(count, power):
    values, unit = generator().normal(size=count), 2.0**power
    interval, scaled = (clustered_mean(values * scale, None, score_range=5.0 * scale, seed=0) for scale in (1.0, unit))
    assert (scaled.estimate, scaled.lower, scaled.upper, scaled.error) == (
        interval.estimate * unit,
        interval.lower * unit,
        interval.upper * unit,
        interval.error * unit,
    )


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_differences_beyond_the_range_of_a_float_have_no_bound(count):
    assert clustered_mean([math.inf, -math.inf] * count, None, score_range=math.inf, seed=0) is None
    assert clustered_mean([1e308, -1e308] * count, None, score_range=0.0, seed=0) is not None


def check_alone(program: str, *arguments: object) -> None:
    """The program ends well in a fresh interpreter; if not, its output says why."""
    process = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr


def test_numpy_is_imported_for_many_units_and_not_for_few():
    check_alone(f"""
import sys
from federation.core.statistics.bootstrap import clustered_mean
assert clustered_mean([i % 7 / 7 for i in range({FEW})], None, score_range=1.0, seed=0) is not None
clusters = [str(i % {FEW}) for i in range(3000)]
assert clustered_mean([i % 7 / 7 for i in range(3000)], clusters, score_range=1.0, seed=0) is not None
assert "numpy" not in sys.modules
assert clustered_mean([i % 7 / 7 for i in range({FEW + 1})], None, score_range=1.0, seed=0) is not None
assert "numpy" in sys.modules
""")
