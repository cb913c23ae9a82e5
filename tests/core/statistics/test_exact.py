# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.statistics.beta import student_95
from federation.core.statistics.exact import proportion, rate_lower, rate_upper


def at_most(failures: int, items: int, rate: float) -> float:
    return math.fsum(math.comb(items, k) * rate**k * (1 - rate) ** (items - k) for k in range(failures + 1))


@pytest.mark.parametrize(("items", "limit"), [(59, 0.05), (299, 0.01), (2995, 0.001)])
def test_so_many_items_without_a_failure_bound_the_rate_and_one_fewer_does_not(items, limit):
    assert rate_upper(0, items) <= limit < rate_upper(0, items - 1)


@given(st.integers(1, 300).flatmap(lambda items: st.tuples(st.integers(0, items - 1), st.just(items))))
def test_at_the_upper_bound_so_few_failures_have_a_chance_of_five_percent(case):
    failures, items = case
    assert at_most(failures, items, rate_upper(failures, items)) == pytest.approx(0.05, rel=1e-7)


@given(st.integers(1, 10**7), st.integers(0, 100))
def test_the_bounds_enclose_the_observed_rate(items, failures):
    failures = min(failures, items)
    assert rate_lower(failures, items) <= failures / items <= rate_upper(failures, items)


def test_a_large_suite_has_the_bound_of_the_beta_quantile():
    assert rate_upper(50, 1000) == pytest.approx(0.0628634, abs=1e-7)
    assert rate_upper(5000, 100_000) == pytest.approx(0.0511483, abs=1e-7)


def test_no_items_bound_nothing():
    assert rate_upper(0, 0) == 1.0
    assert rate_lower(0, 0) == 0.0


def test_a_share_has_both_bounds():
    intervals = proportion(90, 100)
    assert intervals.estimate == 0.9
    assert intervals.lower == rate_lower(90, 100) < 0.9 < intervals.upper == rate_upper(90, 100)


@pytest.mark.parametrize(
    ("freedom", "reach"), [(1, 6.3138), (2, 2.9200), (5, 2.0150), (18.999, 1.7291), (19, 1.7291), (60, 1.6706)]
)
def test_student_s_t_matches_the_published_tables(freedom, reach):
    assert student_95(freedom) == pytest.approx(reach, abs=1e-4)
