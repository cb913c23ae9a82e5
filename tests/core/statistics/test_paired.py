# SPDX-License-Identifier: Apache-2.0
import math
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.statistics.paired import paired_proportions

lower = cache(lambda gained, lost, items: paired_proportions(gained, lost, items).lower)


def false_passes(items: int, margin: float, differing: float) -> float:
    """The exact chance that a candidate which is worse by the margin passes."""
    gain_rate, loss_rate = (differing - margin) / 2, (differing + margin) / 2
    chance = 0.0
    for gained in range(items + 1 if gain_rate > 0 else 1):
        for lost in range(items + 1 - gained):
            log_probability = math.lgamma(items + 1) - math.lgamma(gained + 1) - math.lgamma(lost + 1)
            log_probability += lost * math.log(loss_rate) + (gained * math.log(gain_rate) if gained else 0.0)
            equal = items - gained - lost
            log_probability += equal * math.log(1 - gain_rate - loss_rate) - math.lgamma(equal + 1)
            if log_probability > -25 and lower(gained, lost, items) > -margin:
                chance += math.exp(log_probability)
    return chance


@pytest.mark.parametrize("items", [75, 115, 200])
@pytest.mark.parametrize("margin", [0.02, 0.05])
@pytest.mark.parametrize("times", [1.0, 1.25, 2.0, 5.0])
def test_a_candidate_worse_by_the_margin_passes_at_most_65_times_in_1000(items, margin, times):
    assert false_passes(items, margin, margin * times) <= 0.065


@pytest.mark.parametrize("items", [3, 6, 9, 12, 15, 19])
@pytest.mark.parametrize("margin", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("differing", [0.5, 0.75, 0.999])
def test_a_handful_of_items_passes_such_a_candidate_no_more_often(items, margin, differing):
    """Of three items that are a coin's toss each, all were gained in 12 % of cases, and that passed."""
    assert false_passes(items, margin, differing) <= 0.05


def test_three_gained_items_prove_nothing_and_five_do():
    assert paired_proportions(3, 0, 3).lower < 0 < paired_proportions(5, 0, 5).lower
    assert paired_proportions(0, 3, 3).upper > 0 > paired_proportions(0, 5, 5).upper


def test_the_bounds_are_those_of_bonett_and_price():
    interval = paired_proportions(40, 50, 1000)
    gain_rate, loss_rate = 41 / 1002, 51 / 1002
    error = math.sqrt((gain_rate + loss_rate - (gain_rate - loss_rate) ** 2) / 1002)
    assert interval.estimate == -0.01
    assert interval.lower == pytest.approx(gain_rate - loss_rate - 1.6448536 * error)
    assert interval.upper == pytest.approx(gain_rate - loss_rate + 1.6448536 * error)


def test_losses_alone_are_bounded_exactly():
    assert paired_proportions(0, 0, 148).lower < -0.02 < paired_proportions(0, 0, 149).lower


def failing(items: int, margin: float, lost_share: float) -> float:
    """The exact chance that a candidate fails which only loses."""
    return sum(
        math.comb(items, lost) * lost_share**lost * (1 - lost_share) ** (items - lost)
        for lost in range(items + 1)
        if paired_proportions(0, lost, items).upper < -margin
    )


def test_a_candidate_that_only_loses_fails_as_soon_as_an_exact_test_shows_it():
    assert failing(500, 0.01, 0.02) > 0.5
    assert failing(200, 0.02, 0.05) > 0.6


@pytest.mark.parametrize("items", [115, 300, 1000])
@pytest.mark.parametrize("margin", [0.01, 0.02, 0.05])
def test_a_candidate_worse_by_no_more_than_the_margin_rarely_fails(items, margin):
    assert failing(items, margin, margin) <= 0.05


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 2000))
def test_swapping_the_sides_swaps_the_bounds(gained, lost, same):
    items = gained + lost + same + 1
    forward, backward = paired_proportions(gained, lost, items), paired_proportions(lost, gained, items)
    assert forward.lower == pytest.approx(-backward.upper)
    assert -1 <= forward.lower <= forward.estimate <= forward.upper <= 1
