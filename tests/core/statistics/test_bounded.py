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


@pytest.mark.parametrize("units", [2, 25, 149, 1000, 100_000])
@pytest.mark.parametrize("lost", [0, 1, 3, 10, 19])
def test_units_that_are_lost_whole_have_the_exact_binomial_bound(units, lost):
    if lost >= units:
        return
    groups = zeros_and(*([Group(1.0, -1.0, lost)] if lost else []), units=units - lost)
    exact = rate_upper(lost, units)
    assert -bounded_lower(groups, worst=-1.0, unseen=1.0) == pytest.approx(exact, rel=0.005)


def test_units_that_lose_a_little_bound_the_mean_closer_than_units_that_lose_all():
    little = bounded_lower(zeros_and(Group(1.0, -0.1, 10), units=190), worst=-1.0, unseen=1.0)
    whole = bounded_lower(zeros_and(Group(1.0, -1.0, 10), units=190), worst=-1.0, unseen=1.0)
    none = bounded_lower(zeros_and(units=200), worst=-1.0, unseen=1.0)
    assert whole < 3 * little < little < none


def test_what_was_gained_counts_as_much_as_what_was_lost():
    lost = bounded_lower(zeros_and(Group(1.0, -1.0, 6), units=194), worst=-1.0, unseen=1.0)
    both = bounded_lower(zeros_and(Group(1.0, -1.0, 6), Group(1.0, 1.0, 6), units=188), worst=-1.0, unseen=1.0)
    assert lost < both - 0.02


sizes = st.integers(1, 9).map(float)


@settings(max_examples=60)
@given(st.lists(st.tuples(sizes, st.floats(-1, 1), st.integers(1, 40)), min_size=1, max_size=6))
def test_a_bound_lies_between_the_worst_and_what_was_seen(rows):
    groups = [Group(size, share * size, units) for size, share, units in rows]
    mean = sum(g.total * g.units for g in groups) / sum(g.size * g.units for g in groups)
    lower = bounded_lower(groups, worst=-1.0, unseen=9.0)
    assert -1.0 - 1e-9 <= lower <= mean + 1e-9
    assert mean - 1e-9 <= -bounded_lower(negated(groups), worst=-1.0, unseen=9.0) <= 1.0 + 1e-9


def test_at_the_true_mean_it_is_wrong_about_one_time_in_twenty():
    draw, wrong = random.Random(3), 0
    for _ in range(200):
        losses = [-draw.random() for _ in range(100) if draw.random() < 0.1]
        groups = zeros_and(*(Group(1.0, loss, 1) for loss in losses), units=100 - len(losses))
        wrong += bounded_lower(groups, worst=-1.0, unseen=1.0) > -0.05
    assert wrong / 200 < 0.085


def test_items_that_went_unseen_widen_both_sides_and_narrow_none():
    seen = Interval(estimate=0.5, lower=0.49, upper=0.9, error=0.01)
    found = widened_for_unseen(seen, 59, 0.0, 1.0)
    assert found.lower == pytest.approx(0.475, abs=1e-3)
    assert found.upper == 0.9
