# SPDX-License-Identifier: Apache-2.0

import random

import pytest

from federation.core.statistics.ratio import cost_ratio, cost_upper


def side(draw: random.Random, count: int, price: float = 1e-5) -> tuple[list[float], list[float]]:
    tokens = [float(draw.randint(20, 800)) for _ in range(count)]
    return [price * used * draw.lognormvariate(0, 0.4) for used in tokens], tokens


def test_the_ratio_is_that_of_all_costs_to_all_tokens():
    costs, tokens = [1.0] * 30 + [3.0] * 30, [10.0] * 60
    found = cost_ratio(([2 * cost for cost in costs], tokens), (costs, tokens))
    assert found is not None
    assert found.estimate == pytest.approx(2.0)
    assert found.lower == pytest.approx(found.upper)


def test_a_candidate_as_dear_as_the_limit_passes_about_one_time_in_twenty():
    draw = random.Random(5)
    found = [cost_ratio(side(draw, 100, 1.1e-5), side(draw, 100)) for _ in range(500)]
    assert 0.02 < sum(ratio is not None and ratio.upper <= 1.1 for ratio in found) / 500 < 0.085


def test_a_few_answers_that_carry_most_of_the_cost_do_not_make_a_dearer_candidate_pass():
    draw, passes = random.Random(8), 0

    def answered(price):
        tokens = [4000.0 if draw.random() < 0.02 else 60.0 + 10 * draw.random() for _ in range(100)]
        asked = [draw.lognormvariate(5, 0.8) for _ in range(100)]
        costs = [price * (0.3 * question + 1.5 * answer) for question, answer in zip(asked, tokens, strict=True)]
        return costs, [question + answer for question, answer in zip(asked, tokens, strict=True)]

    for _ in range(400):
        found = cost_ratio(answered(1.1), answered(1.0))
        passes += found is not None and found.upper <= 1.1
    assert passes / 400 < 0.085


def test_conversations_that_are_dear_together_do_not_pass_for_many():
    draw, blind, seeing = random.Random(9), 0, 0
    clusters = [str(index // 10) for index in range(600)]

    def spoken(price):
        moods = [draw.lognormvariate(0, 0.4) for _ in range(60)]
        return [price * mood * draw.lognormvariate(0, 0.1) for mood in moods for _ in range(10)], [100.0] * 600

    for _ in range(300):
        mine, theirs = spoken(1.1), spoken(1.0)
        plain, clustered = cost_ratio(mine, theirs), cost_ratio(mine, theirs, clusters)
        blind += plain is not None and plain.upper <= 1.1
        seeing += clustered is not None and clustered.upper <= 1.1
    assert blind / 300 > 0.15
    assert seeing / 300 < 0.085


def test_a_dear_answer_put_into_one_conversation_with_a_cheap_one_proves_no_more_than_each_alone():
    """Each pair costs as much as any other; the candidate is as dear as the limit, and the bound may not say so."""
    mine, theirs = [1.0, 3.0] * 100, [2.0] * 200
    tokens, pairs = [10.0] * 200, [str(index // 2) for index in range(200)]
    alone, together = (cost_ratio((mine, tokens), (theirs, tokens), clusters) for clusters in (None, pairs))
    assert together == alone
    assert alone.upper > 1.05
    assert cost_upper(mine, tokens, pairs) == cost_upper(mine, tokens)


def test_one_conversation_proves_no_cost():
    paid, together = ([1.0, 3.0] * 30, [5.0, 6.0] * 30), ["one"] * 60
    assert cost_ratio(paid, paid, together) is None
    assert cost_upper(*paid, together) is None
    assert cost_upper(*paid, [str(index % 2) for index in range(60)]) is not None


def test_nothing_paid_or_nothing_written_has_no_ratio():
    fine = ([1.0] * 60, [5.0] * 60)
    assert cost_ratio(([0.0] * 60, [5.0] * 60), fine) is None
    assert cost_ratio(fine, ([1.0] * 60, [0.0] * 60)) is None
    assert cost_upper([0.0] * 60, [1.0] * 60) is None


def test_few_items_have_no_bound():
    assert cost_upper([1.0] * 58, [5.0] * 58) is None


def test_a_first_release_has_a_bound_of_its_own():
    found = cost_upper(*side(random.Random(6), 500))
    assert found is not None
    assert found[0] < found[1] < 1.2 * found[0]


@pytest.mark.parametrize(("count", "share"), [(60, 0.2), (200, 0.05), (1000, 0.02)])
def test_a_surcharge_on_a_few_requests_that_reaches_the_limit_passes_one_time_in_twenty(count, share):
    """One request in fifty, twenty or five costs so much more that all together cost 1.2 times as much; 8 to 9 % passed."""
    draw, passes = random.Random(11), 0
    for _ in range(1000):
        tokens = [draw.lognormvariate(5, 0.8) for _ in range(count)]
        mine = [used * (1 + 0.2 / share if draw.random() < share else 1) for used in tokens]
        found = cost_ratio((mine, tokens), (tokens, tokens))
        passes += found is not None and found.upper <= 1.2
    assert 0.02 < passes / 1000 < 0.065
