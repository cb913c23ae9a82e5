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
    up, down = (differing - margin) / 2, (differing + margin) / 2
    total = 0.0
    for gained in range(items + 1 if up > 0 else 1):
        for lost in range(items + 1 - gained):
            logged = math.lgamma(items + 1) - math.lgamma(gained + 1) - math.lgamma(lost + 1)
            logged += lost * math.log(down) + (gained * math.log(up) if gained else 0.0)
            same = items - gained - lost
            logged += same * math.log(1 - up - down) - math.lgamma(same + 1)
            if logged > -25 and lower(gained, lost, items) > -margin:
                total += math.exp(logged)
    return total


@pytest.mark.parametrize("items", [75, 115, 200])
@pytest.mark.parametrize("margin", [0.02, 0.05])
@pytest.mark.parametrize("times", [1.0, 1.25, 2.0, 5.0])
def test_a_candidate_worse_by_the_margin_passes_at_most_65_times_in_1000(items, margin, times):
    assert false_passes(items, margin, margin * times) <= 0.065


@pytest.mark.parametrize("items", [3, 6, 9, 12, 15, 19])
@pytest.mark.parametrize("margin", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("differing", [0.5, 0.75, 0.999])
def test_a_handful_of_items_passes_a_candidate_at_the_margin_no_more_often(items, margin, differing):
    """Of three items that are a coin's toss each, all were gained in 12 % of cases, and that passed."""
    assert false_passes(items, margin, differing) <= 0.05


def test_three_items_gained_are_no_proof_and_five_are():
    assert paired_proportions(3, 0, 3).lower < 0 < paired_proportions(5, 0, 5).lower
    assert paired_proportions(0, 3, 3).upper > 0 > paired_proportions(0, 5, 5).upper


def test_the_bounds_are_those_of_bonett_and_price():
    found = paired_proportions(40, 50, 1000)
    up, down = 41 / 1002, 51 / 1002
    error = math.sqrt((up + down - (up - down) ** 2) / 1002)
    assert found.estimate == -0.01
    assert found.lower == pytest.approx(up - down - 1.6448536 * error)
    assert found.upper == pytest.approx(up - down + 1.6448536 * error)


def test_losses_alone_are_bounded_exactly():
    assert paired_proportions(0, 0, 148).lower < -0.02 < paired_proportions(0, 0, 149).lower


def failing(items: int, margin: float, lost_share: float) -> float:
    """The exact chance that a candidate fails which only loses."""
    return sum(
        math.comb(items, lost) * lost_share**lost * (1 - lost_share) ** (items - lost)
        for lost in range(items + 1)
        if paired_proportions(0, lost, items).upper < -margin
    )


def test_a_candidate_that_only_loses_fails_as_soon_as_an_exact_test_finds_it():
    assert failing(500, 0.01, 0.02) > 0.5
    assert failing(200, 0.02, 0.05) > 0.6


@pytest.mark.parametrize("items", [115, 300, 1000])
@pytest.mark.parametrize("margin", [0.01, 0.02, 0.05])
def test_a_candidate_worse_by_no_more_than_the_margin_rarely_fails(items, margin):
    assert failing(items, margin, margin) <= 0.05


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 2000))
def test_swapping_the_sides_turns_the_bounds_round(gained, lost, same):
    items = gained + lost + same + 1
    there, back = paired_proportions(gained, lost, items), paired_proportions(lost, gained, items)
    assert there.lower == pytest.approx(-back.upper)
    assert -1 <= there.lower <= there.estimate <= there.upper <= 1
