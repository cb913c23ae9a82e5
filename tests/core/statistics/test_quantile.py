# SPDX-License-Identifier: Apache-2.0

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.core.statistics.quantile import FEWEST, p95_ratio, p95_upper


def latencies(draw: random.Random, count: int, times: float = 1.0) -> list[float]:
    return [times * draw.lognormvariate(5, 0.5) for _ in range(count)]


def test_fewer_than_59_samples_have_no_bound():
    draw = random.Random(1)
    assert p95_ratio(latencies(draw, FEWEST - 1), latencies(draw, 500)) is None
    assert p95_ratio(latencies(draw, 500), latencies(draw, FEWEST - 1)) is None
    assert p95_ratio(latencies(draw, FEWEST), latencies(draw, FEWEST)) is not None
    assert p95_upper(latencies(draw, FEWEST - 1)) is None


@pytest.mark.parametrize("count", [FEWEST, 200])
def test_a_candidate_as_slow_as_the_limit_passes_about_one_time_in_twenty(count):
    draw = random.Random(count)
    ratios = [p95_ratio(latencies(draw, count, 1.2), latencies(draw, count)) for _ in range(400)]
    assert 0.01 < sum(found is not None and found.upper <= 1.2 for found in ratios) / 400 < 0.07


def test_the_bounds_are_those_of_a_drawn_bootstrap():
    draw = random.Random(3)
    one, other = sorted(latencies(draw, 300)), sorted(latencies(draw, 300))
    replicates = sorted(
        one[int(300 * draw.betavariate(285, 16))] / other[int(300 * draw.betavariate(285, 16))] for _ in range(20_000)
    )
    found = p95_ratio(one, other)
    assert found is not None
    assert found.upper == pytest.approx(replicates[19_000], rel=0.01)
    assert found.lower == pytest.approx(replicates[1_000], rel=0.01)


def test_the_order_of_the_samples_changes_nothing():
    draw = random.Random(4)
    one, other = latencies(draw, 100), latencies(draw, 100)
    assert p95_ratio(one, other) == p95_ratio(one[::-1], sorted(other))


@settings(max_examples=40)
@given(st.lists(st.floats(0.001, 1e6), min_size=59, max_size=90), st.floats(0.1, 10))
def test_a_side_that_is_slower_throughout_has_that_ratio(samples, times):
    found = p95_ratio([times * sample for sample in samples], samples)
    assert found is not None
    assert found.estimate == pytest.approx(times)
    assert found.lower <= found.estimate <= found.upper


def test_59_samples_are_bounded_by_their_largest():
    found = p95_upper([float(sample) for sample in range(1, 60)])
    assert found == (57.0, 59.0)
