# SPDX-License-Identifier: Apache-2.0

import math
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
    assert 0.01 < sum(interval is not None and interval.upper <= 1.2 for interval in ratios) / 400 < 0.07


def conversations(draw: random.Random, count: int, times: float = 1.0) -> tuple[list[float], list[str]]:
    """Ten requests each, that are slow together."""
    moods = [draw.gauss(0, 0.45) for _ in range(count)]
    slow = [times * math.exp(5 + mood + draw.gauss(0, 0.2)) for mood in moods for _ in range(10)]
    return slow, [f"conversation {index}" for index in range(count) for _ in range(10)]


def test_requests_that_are_slow_together_do_not_count_as_many():
    draw, ungrouped_passes, grouped_passes = random.Random(12), 0, 0
    for _ in range(200):
        (candidate, clusters), (baseline, _) = conversations(draw, 80, 1.2), conversations(draw, 80)
        ungrouped, grouped = p95_ratio(candidate, baseline), p95_ratio(candidate, baseline, clusters)
        ungrouped_passes += ungrouped is not None and ungrouped.upper <= 1.2
        grouped_passes += grouped is not None and grouped.upper <= 1.2
    assert ungrouped_passes / 200 > 0.1
    assert grouped_passes / 200 < 0.07


def test_what_slows_both_sides_of_a_conversation_cancels():
    draw = random.Random(13)
    baseline, clusters = conversations(draw, 200)
    candidate = [sample * draw.lognormvariate(0, 0.05) for sample in baseline]
    intervals = p95_ratio(candidate, baseline, clusters)
    assert intervals is not None
    assert intervals.upper < 1.3


def test_a_few_conversations_have_no_bound_however_long_they_are():
    draw = random.Random(14)
    (candidate, clusters), (baseline, _) = conversations(draw, 12), conversations(draw, 12)
    assert p95_ratio(candidate, baseline, clusters) is None
    assert p95_upper(candidate, clusters) is None
    assert p95_upper(candidate) is not None


def test_equal_slowest_requests_do_not_hide_dependence():
    """Whole milliseconds, or a time limit: the slowest twentieth is one number."""
    draw = random.Random(15)
    slow = [draw.random() < 0.06 for _ in range(20)]
    for noise in (0.0, 0.001):
        samples = [(200.0 if slow[index // 10] else 100.0) + noise * draw.random() for index in range(200)]
        assert p95_upper(samples, [str(index // 10) for index in range(200)]) is None
    assert p95_upper([100.0] * 60, [str(index % 2) for index in range(60)]) is None
    assert p95_upper([100.0] * 60) == (100.0, 100.0)


def drawn_rank(draw: random.Random, count: int) -> int:
    """The place in a sorted list of one of the two samples between which the true p95 may lie."""
    rank = sum(draw.random() < 0.95 for _ in range(count)) - draw.randrange(2)
    return min(rank, count - 1)


def test_the_bounds_match_simulated_binomial_ranks():
    draw = random.Random(3)
    candidate, baseline = sorted(latencies(draw, 300)), sorted(latencies(draw, 300))
    ratios = sorted(candidate[drawn_rank(draw, 300)] / baseline[drawn_rank(draw, 300)] for _ in range(4_000))
    intervals = p95_ratio(candidate, baseline[::-1])
    assert intervals is not None
    assert intervals.upper == pytest.approx(ratios[3_800], rel=0.02)
    assert intervals.lower == pytest.approx(ratios[200], rel=0.02)


def test_a_candidate_that_stalls_on_6_percent_of_requests_rarely_passes():
    draw, passes = random.Random(6), 0
    for _ in range(300):
        baseline = [draw.lognormvariate(5, 0.05) for _ in range(60)]
        candidate = [draw.lognormvariate(5, 0.05) * (3 if draw.random() < 0.06 else 1) for _ in range(60)]
        intervals = p95_ratio(candidate, baseline)
        passes += intervals is not None and intervals.upper <= 1.15
    assert passes / 300 < 0.05


def same_requests(draw: random.Random, count: int, times: float) -> tuple[list[float], list[float]]:
    """Both sides on the same requests, of which some are long."""
    lengths = [draw.lognormvariate(5, 0.5) for _ in range(count)]
    candidate, baseline = ([length * draw.lognormvariate(0, 0.05) for length in lengths] for _ in range(2))
    return [times * sample for sample in candidate], baseline


@pytest.mark.parametrize(("times", "least", "greatest"), [(1.0, 0.9, 1.0), (1.1, 0.0, 0.06)])
def test_long_requests_that_are_slow_on_both_sides_do_not_hide_who_is_faster(times, least, greatest):
    draw = random.Random(7)
    intervals = [p95_ratio(*same_requests(draw, 500, times)) for _ in range(100)]
    assert least <= sum(interval is not None and interval.upper <= 1.1 for interval in intervals) / 100 <= greatest


def test_the_order_of_the_requests_changes_nothing():
    draw = random.Random(4)
    candidate, baseline = same_requests(draw, 100, 1.0)
    assert p95_ratio(candidate, baseline) == p95_ratio(candidate[::-1], baseline[::-1])


@settings(max_examples=40)
@given(st.lists(st.floats(0.001, 1e6), min_size=59, max_size=90), st.floats(0.1, 10))
def test_a_side_that_is_slower_throughout_has_that_ratio(samples, times):
    intervals = p95_ratio([times * sample for sample in samples], samples)
    assert intervals is not None
    assert intervals.estimate == pytest.approx(times)
    assert intervals.lower <= intervals.estimate <= intervals.upper


def test_59_samples_are_bounded_by_their_largest():
    intervals = p95_upper([float(sample) for sample in range(1, 60)])
    assert intervals == (57.0, 59.0)
