# SPDX-License-Identifier: Apache-2.0

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.statistics.exact import rate_upper
from federation.core.statistics.paired import paired_proportions
from federation.core.statistics.power import (
    detectable_margin,
    detectable_ratio,
    items_for_margin,
    items_for_rate,
    samples_for_quantile,
    samples_for_ratio,
)

TABLE = {
    0.05: (3092, 773, 344, 124),
    0.10: (6184, 1546, 688, 248),
    0.15: (9275, 2319, 1031, 371),
}


@pytest.mark.parametrize("differing", TABLE)
def test_the_items_for_80_percent_power_are_those_of_the_published_table(differing):
    for margin, expected in zip((0.01, 0.02, 0.03, 0.05), TABLE[differing], strict=True):
        assert abs(items_for_margin(margin, differing) - expected) <= 1


def test_with_the_planned_items_four_of_five_equal_candidates_pass():
    draw = random.Random(7)
    items = items_for_margin(0.03, 0.1)
    passed = 0
    for _ in range(600):
        differing = draw.binomialvariate(items, 0.1) if hasattr(draw, "binomialvariate") else drawn(draw, items, 0.1)
        gained = drawn(draw, differing, 0.5)
        passed += paired_proportions(gained, differing - gained, items).lower > -0.03
    assert 0.75 < passed / 600 < 0.86


def drawn(draw: random.Random, trials: int, chance: float) -> int:
    return sum(draw.random() < chance for _ in range(trials))


def test_200_items_of_which_15_percent_differ_can_hold_68_points_per_thousand():
    assert detectable_margin(200, 0.15) == pytest.approx(0.068, abs=0.0005)


def test_a_safety_bound_needs_59_299_or_2995_items():
    assert [items_for_rate(limit) for limit in (0.05, 0.01, 0.001)] == [59, 299, 2995]


@given(st.floats(0.002, 0.5), st.integers(0, 6))
def test_so_many_items_are_enough_and_one_fewer_is_not(limit, failures):
    items = items_for_rate(limit, failures)
    assert rate_upper(failures, items) <= limit < rate_upper(failures, items - 1)


def test_a_p95_needs_59_samples_and_a_p99_299():
    assert samples_for_quantile() == 59
    assert samples_for_quantile(0.99) == 299


def test_the_requests_planned_for_a_ratio_can_hold_that_ratio():
    requests = samples_for_ratio(1.1, 0.5)
    assert detectable_ratio(requests, 0.5) <= 1.1 < detectable_ratio(requests - 2, 0.5)
    assert samples_for_ratio(1.1, 0.5, power=95) > requests
