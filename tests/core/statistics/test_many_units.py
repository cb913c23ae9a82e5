# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.core.statistics import few_units, many_units
from federation.core.statistics.sample import REPLICATES

scores = st.sampled_from([0.0, 1.0, -1.0]) | st.floats(-1, 1)
documents = st.none() | st.sampled_from("abcdefghijklmnopqrst")


def close(numbers: object) -> object:
    return pytest.approx(numbers, rel=1e-9, abs=1e-9)


@settings(max_examples=50)
@given(st.lists(st.tuples(scores, documents), min_size=1, max_size=80), st.booleans())
def test_numpy_finds_in_any_sample_what_plain_python_finds(rows, with_clusters):
    values, clusters = [score for score, _ in rows], [document for _, document in rows] if with_clusters else None
    plain, vectorised = (
        module.sample(values, clusters, scale=0.5, score_range=2.0) for module in (few_units, many_units)
    )
    assert (plain.count, plain.items, plain.heaviest) == (vectorised.count, vectorised.items, vectorised.heaviest)
    assert vectorised.middle == close(plain.middle)
    assert (vectorised.mean, vectorised.squares, vectorised.cubes) == close((plain.mean, plain.squares, plain.cubes))


@pytest.mark.parametrize("sizes", [np.full(60, 3.0), 1.0 + np.arange(60) // 7], ids=["equal", "unequal"])
def test_numpy_sums_the_same_replicates_as_plain_python(sizes):
    residuals = np.random.default_rng(1).normal(size=60)
    chosen = np.frombuffer(few_units.draws(60, 5), np.uint8).reshape(REPLICATES, 60)
    plain = few_units.replicates(residuals.tolist(), sizes.tolist(), 5)
    assert np.array(many_units.replicates(residuals, sizes, chosen)) == close(np.array(plain))


def test_the_draw_of_units_is_the_same_in_every_version():
    assert many_units.draws(250, 0)[0, :8].tolist() == [232, 9, 57, 142, 141, 93, 114, 227]
    assert many_units.draws(500, 7)[0, :8].tolist() == [248, 291, 489, 38, 235, 243, 287, 112]


@pytest.mark.parametrize("count", [201, 256, 257, 500])
def test_every_unit_is_drawn_about_equally_often(count):
    counts = np.bincount(many_units.draws(count, 0).ravel())
    assert counts.size == count
    assert counts.sum() == REPLICATES * count
    squares = ((counts - REPLICATES) ** 2 / REPLICATES).sum()
    assert abs(squares - count) < 4 * (2 * count) ** 0.5


def test_units_that_are_grouped_for_speed_still_hold_every_item():
    clusters = [str(item // 2) for item in range(1600)]
    samples = many_units.sample(np.random.default_rng(1).normal(size=1600), clusters, scale=1.0, score_range=5.0)
    replicates = samples.replicates(0)
    assert samples.count == 800
    assert len(replicates.e) == REPLICATES
    assert np.mean(replicates.k) == pytest.approx(1600, rel=0.01)
    assert np.std(replicates.e) == pytest.approx(samples.squares**0.5, rel=0.1)
