# SPDX-License-Identifier: Apache-2.0

import math
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
    samples_for_ratio,
)
from federation.core.statistics.quantile import FEWEST, p95_ratio

TABLE = {
    0.05: (3092, 773, 344, 124),
    0.10: (6184, 1546, 688, 248),
    0.15: (9275, 2319, 1031, 371),
}


@pytest.mark.parametrize("differing", TABLE)
def test_the_items_for_80_percent_power_match_the_published_table(differing):
    cost = 1.323 / differing
    for margin, expected in zip((0.01, 0.02, 0.03, 0.05), TABLE[differing], strict=True):
        assert items_for_margin(margin, differing) == pytest.approx(expected + cost, abs=1.5)


@pytest.mark.parametrize(
    ("margin", "differing"), [(0.05, 0.1), (0.1, 0.1), (0.05, 0.05), (0.02, 0.02), (0.05, 0.02), (0.1, 0.05)]
)
@pytest.mark.parametrize("power", [80, 95])
def test_equal_candidates_pass_on_the_planned_items_as_often_as_planned(margin, differing, power):
    """Of 5 points and 2 % differing items it was 24 % of them, planned for 80."""
    passing = chance_to_pass(margin, differing, items_for_margin(margin, differing, power=power))
    assert power / 100 - 0.025 < passing < power / 100 + 0.06


@pytest.mark.parametrize(("margin", "differing", "planned"), [(0.02, 0.001, 149), (0.1, 0.01, 29), (0.05, 0.01, 93)])
def test_where_items_hardly_differ_the_plan_asks_for_no_more_than_the_exact_bound(margin, differing, planned):
    """It asked for 1,339, 139 and 158, and called impossible what nearly every equal candidate passes."""
    assert items_for_margin(margin, differing) == planned
    assert chance_to_pass(margin, differing, planned) > 0.8
    assert detectable_margin(planned, differing) <= margin


def chance_to_pass(margin: float, differing: float, items: int) -> float:
    """The exact chance, summed over how many items differ and how many of those are gained."""
    largest = round(items * differing + 8 * math.sqrt(items * differing))
    return math.fsum(
        binomial(items, count, differing) * binomial(count, gained, 0.5)
        for count in range(min(largest, items) + 1)
        for gained in range(count + 1)
        if paired_proportions(gained, count - gained, items).lower > -margin
    )


def binomial(trials: int, count: int, chance: float) -> float:
    log_ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    return math.exp(log_ways + count * math.log(chance) + (trials - count) * math.log1p(-chance))


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


def test_200_items_of_which_15_percent_differ_can_hold_a_margin_of_0_0697():
    assert detectable_margin(200, 0.15) == pytest.approx(0.0697, abs=0.0005)


def test_a_handful_of_items_or_requests_has_no_detectable_limit():
    assert math.isinf(detectable_margin(1, 1.0))
    assert math.isinf(detectable_ratio(25, 0.5))


def test_a_safety_bound_needs_59_299_or_2995_items():
    assert [items_for_rate(limit) for limit in (0.05, 0.01, 0.001)] == [59, 299, 2995]


@given(st.floats(0.002, 0.5), st.integers(0, 6))
def test_so_many_items_are_enough_and_one_fewer_is_not(limit, failures):
    items = items_for_rate(limit, failures)
    assert rate_upper(failures, items) <= limit < rate_upper(failures, items - 1)


def test_a_p95_needs_as_many_samples_as_a_failure_rate_of_5_percent():
    assert items_for_rate(0.05) == FEWEST


def test_the_requests_planned_for_a_ratio_can_hold_that_ratio():
    requests = samples_for_ratio(1.1, 0.5)
    assert detectable_ratio(requests, 0.5) <= 1.1 < detectable_ratio(requests - 2, 0.5)
    assert samples_for_ratio(1.1, 0.5, power=95) > requests


def test_no_ratio_is_planned_with_fewer_than_59_requests():
    """39 were planned for a limit of 1.5 on steady latencies, of which nobody can pass."""
    assert samples_for_ratio(1.5, 0.2) == samples_for_ratio(3.0, 0.5, power=95) == 59
    assert math.isinf(detectable_ratio(58, 0.2))
    assert detectable_ratio(59, 0.2) < 1.5


def test_on_the_planned_requests_four_of_five_equally_fast_candidates_pass():
    """Of 84 requests, planned for 80 % at a limit of 1.5, it was 68 %."""
    draw = random.Random(3)
    requests = samples_for_ratio(1.5, 0.5)
    passed = 0
    for _ in range(400):
        candidate, baseline = ([draw.lognormvariate(5, 0.5) for _ in range(requests)] for _ in range(2))
        interval = p95_ratio(candidate, baseline)
        passed += interval is not None and interval.upper <= 1.5
    assert 0.75 < passed / 400 < 0.87
