# SPDX-License-Identifier: Apache-2.0
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation.core.statistics.bounded import Group, bounded_lower, negated, widened_for_unseen
from federation.core.statistics.exact import rate_upper
from federation.core.statistics.interval import Interval


def zeros_and(*others: Group, units: int) -> list[Group]:
    return [Group(1.0, 0.0, units), *others]


@pytest.mark.parametrize(
    ("units", "lost"),
    [(units, lost) for units in (2, 25, 149, 1000, 100_000) for lost in (0, 1, 3, 10, 19) if lost < units],
)
def test_units_that_are_lost_whole_have_the_exact_binomial_bound(units, lost):
    groups = zeros_and(*([Group(1.0, -1.0, lost)] if lost else []), units=units - lost)
    exact = rate_upper(lost, units)
    assert -bounded_lower(groups, worst=-1.0, unseen=1.0) == pytest.approx(exact, rel=0.005)


def test_units_that_lose_a_little_bound_the_mean_closer_than_lost_units():
    small_losses = bounded_lower(zeros_and(Group(1.0, -0.1, 10), units=190), worst=-1.0, unseen=1.0)
    whole_losses = bounded_lower(zeros_and(Group(1.0, -1.0, 10), units=190), worst=-1.0, unseen=1.0)
    no_losses = bounded_lower(zeros_and(units=200), worst=-1.0, unseen=1.0)
    assert whole_losses < 3 * small_losses < small_losses < no_losses


def test_gains_count_as_much_as_losses():
    losses_only = bounded_lower(zeros_and(Group(1.0, -1.0, 6), units=194), worst=-1.0, unseen=1.0)
    losses_and_gains = bounded_lower(
        zeros_and(Group(1.0, -1.0, 6), Group(1.0, 1.0, 6), units=188), worst=-1.0, unseen=1.0
    )
    assert losses_only < losses_and_gains - 0.02


sizes = st.integers(1, 9).map(float)


@settings(max_examples=60)
@given(st.lists(st.tuples(sizes, st.floats(-1, 1), st.integers(1, 40)), min_size=1, max_size=6))
def test_a_bound_lies_between_the_worst_score_and_the_observed_mean(rows):
    groups = [Group(size, share * size, units) for size, share, units in rows]
    mean = sum(g.total * g.units for g in groups) / sum(g.size * g.units for g in groups)
    lower = bounded_lower(groups, worst=-1.0, unseen=9.0)
    assert -1.0 - 1e-9 <= lower <= mean + 1e-9
    assert mean - 1e-9 <= -bounded_lower(negated(groups), worst=-1.0, unseen=9.0) <= 1.0 + 1e-9


def test_the_bound_is_wrong_about_one_time_in_twenty():
    draw, wrong = random.Random(3), 0
    for _ in range(200):
        losses = [-draw.random() for _ in range(100) if draw.random() < 0.1]
        groups = zeros_and(*(Group(1.0, loss, 1) for loss in losses), units=100 - len(losses))
        wrong += bounded_lower(groups, worst=-1.0, unseen=1.0) > -0.05
    assert wrong / 200 < 0.085


def test_unseen_items_widen_both_bounds_and_narrow_neither():
    observed = Interval(estimate=0.5, lower=0.49, upper=0.9, error=0.01)
    interval = widened_for_unseen(observed, 59, 0.0, 1.0)
    assert interval.lower == pytest.approx(0.475, abs=1e-3)
    assert interval.upper == 0.9
