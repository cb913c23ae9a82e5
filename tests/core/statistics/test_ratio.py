# SPDX-License-Identifier: Apache-2.0

import random

import pytest

from federation.core.statistics.ratio import cost_ratio, cost_upper


def costs_and_tokens(draw: random.Random, count: int, price: float = 1e-5) -> tuple[list[float], list[float]]:
    tokens = [float(draw.randint(20, 800)) for _ in range(count)]
    return [price * used * draw.lognormvariate(0, 0.4) for used in tokens], tokens


def test_the_ratio_is_that_of_all_costs_to_all_tokens():
    costs, tokens = [1.0] * 30 + [3.0] * 30, [10.0] * 60
    ratios = cost_ratio(([2 * cost for cost in costs], tokens), (costs, tokens))
    assert ratios is not None
    assert ratios.estimate == pytest.approx(2.0)
    assert ratios.lower == pytest.approx(ratios.upper)


def test_a_candidate_as_expensive_as_the_limit_passes_about_one_time_in_twenty():
    draw = random.Random(5)
    ratios = [cost_ratio(costs_and_tokens(draw, 100, 1.1e-5), costs_and_tokens(draw, 100)) for _ in range(500)]
    assert 0.02 < sum(ratio is not None and ratio.upper <= 1.1 for ratio in ratios) / 500 < 0.085


def test_a_few_costly_answers_do_not_let_a_more_expensive_candidate_pass():
    draw, passes = random.Random(8), 0

    def measured(price):
        tokens = [4000.0 if draw.random() < 0.02 else 60.0 + 10 * draw.random() for _ in range(100)]
        prompt_tokens = [draw.lognormvariate(5, 0.8) for _ in range(100)]
        costs = [price * (0.3 * prompt + 1.5 * answer) for prompt, answer in zip(prompt_tokens, tokens, strict=True)]
        return costs, [prompt + answer for prompt, answer in zip(prompt_tokens, tokens, strict=True)]

    for _ in range(400):
        ratios = cost_ratio(measured(1.1), measured(1.0))
        passes += ratios is not None and ratios.upper <= 1.1
    assert passes / 400 < 0.085


def test_conversations_that_are_expensive_together_do_not_count_as_many():
    draw, ungrouped_passes, grouped_passes = random.Random(9), 0, 0
    clusters = [str(index // 10) for index in range(600)]

    def measured(price):
        price_levels = [draw.lognormvariate(0, 0.4) for _ in range(60)]
        return [price * price_level * draw.lognormvariate(0, 0.1) for price_level in price_levels for _ in range(10)], [
            100.0
        ] * 600

    for _ in range(300):
        candidate, baseline = measured(1.1), measured(1.0)
        ungrouped, grouped = cost_ratio(candidate, baseline), cost_ratio(candidate, baseline, clusters)
        ungrouped_passes += ungrouped is not None and ungrouped.upper <= 1.1
        grouped_passes += grouped is not None and grouped.upper <= 1.1
    assert ungrouped_passes / 300 > 0.15
    assert grouped_passes / 300 < 0.085


def test_pairing_a_costly_answer_with_a_cheap_one_proves_no_more():
    """Each pair costs as much as any other; the candidate is as dear as the limit, and the bound may not say so."""
    candidate, baseline = [1.0, 3.0] * 100, [2.0] * 200
    tokens, pairs = [10.0] * 200, [str(index // 2) for index in range(200)]
    ungrouped, grouped = (cost_ratio((candidate, tokens), (baseline, tokens), clusters) for clusters in (None, pairs))
    assert grouped == ungrouped
    assert ungrouped.upper > 1.05
    assert cost_upper(candidate, tokens, pairs) == cost_upper(candidate, tokens)


def test_one_conversation_does_not_bound_the_cost():
    side, clusters = ([1.0, 3.0] * 30, [5.0, 6.0] * 30), ["one"] * 60
    assert cost_ratio(side, side, clusters) is None
    assert cost_upper(*side, clusters) is None
    assert cost_upper(*side, [str(index % 2) for index in range(60)]) is not None


def test_no_cost_or_no_tokens_has_no_ratio():
    side = ([1.0] * 60, [5.0] * 60)
    assert cost_ratio(([0.0] * 60, [5.0] * 60), side) is None
    assert cost_ratio(side, ([1.0] * 60, [0.0] * 60)) is None
    assert cost_upper([0.0] * 60, [1.0] * 60) is None


def test_few_items_have_no_bound():
    assert cost_upper([1.0] * 58, [5.0] * 58) is None


def test_a_first_release_has_a_bound_of_its_own():
    ratios = cost_upper(*costs_and_tokens(random.Random(6), 500))
    assert ratios is not None
    assert ratios[0] < ratios[1] < 1.2 * ratios[0]


@pytest.mark.parametrize(("count", "share"), [(60, 0.2), (200, 0.05), (1000, 0.02)])
def test_a_surcharge_on_a_few_requests_that_reaches_the_limit_rarely_passes(count, share):
    """One request in fifty, twenty or five costs so much more that all together cost 1.2 times as much; 8 to 9 % passed."""
    draw, passes = random.Random(11), 0
    for _ in range(1000):
        tokens = [draw.lognormvariate(5, 0.8) for _ in range(count)]
        candidate = [used * (1 + 0.2 / share if draw.random() < share else 1) for used in tokens]
        ratios = cost_ratio((candidate, tokens), (tokens, tokens))
        passes += ratios is not None and ratios.upper <= 1.2
    assert 0.02 < passes / 1000 < 0.065
