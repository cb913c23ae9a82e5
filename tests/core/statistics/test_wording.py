# SPDX-License-Identifier: Apache-2.0
"""What does a person read about a comparison, and what are they told to do?"""

import random

import pytest
from msgspec.structs import replace

from federation.core.records import Records
from federation.core.statistics.comparison import Comparison, compare_records
from federation.core.statistics.wording import sentence


def records_of(scores) -> Records:
    items = [f"item-{index:05}" for index in range(len(scores))]
    return Records(what="x", items=items, scores={"accuracy": list(map(float, scores))})


def comparison(candidate: Records, baseline: Records, **options) -> Comparison:
    return compare_records(candidate, baseline, metric="accuracy", margin=0.02, **options)


def test_a_reason_says_what_moved_and_by_how_much():
    results = comparison(records_of([1] * 800 + [0] * 200), records_of([1] * 900 + [0] * 100))
    assert sentence(results, metric="accuracy", margin=0.02) == (
        "accuracy fell by 0.1 against the baseline on 1,000 shared items (95 % bounds -0.117..-0.0848), "
        "more than the margin 0.02 allows; 100 items flipped from right to wrong, 0 from wrong to right"
    )


def test_an_inconclusive_reason_says_how_many_items_would_settle_it():
    results = comparison(records_of([1, 0] * 30), records_of([0, 1] * 30))
    text = sentence(results, metric="accuracy", margin=0.02)
    assert "did not change" in text
    assert "neither proves nor rules out a loss of more than the margin 0.02" in text
    assert "items would settle it" in text


def test_a_loss_near_the_margin_takes_more_items_than_an_equal_candidate():
    """Of 2,000 items 30 are lost and none won: 2,001 items, which an equal candidate takes, would settle nothing."""
    results = comparison(records_of([1] * 1570 + [0] * 430), records_of([1] * 1600 + [0] * 400))
    assert "about 3,894 items would settle it" in sentence(results, metric="accuracy", margin=0.02)
    at_the_margin = comparison(records_of([1] * 1560 + [0] * 440), records_of([1] * 1600 + [0] * 400))
    assert "so close to the margin that more items would hardly settle it" in sentence(
        at_the_margin, metric="accuracy", margin=0.02
    )


def test_without_differences_the_reason_asks_for_enough_equal_items():
    """149 items of which none differs keep a margin of two points, and 149 documents of ten items."""
    ungrouped = comparison(records_of([1] * 100), records_of([1] * 100))
    assert "about 149 items would settle it" in sentence(ungrouped, metric="accuracy", margin=0.02)
    documents = replace(records_of([1] * 400), clusters=[str(index // 10) for index in range(400)])
    grouped = comparison(documents, documents)
    assert "about 1,483 items would settle it" in sentence(grouped, metric="accuracy", margin=0.02)


def in_clusters(scores, count) -> Records:
    return replace(records_of(scores), clusters=[str(index % count) for index in range(len(scores))])


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "these items are all in one cluster (a document, a conversation), and only other clusters could settle it"),
        (19, "these items are in 19 clusters (documents, conversations), and only more clusters could settle it"),
    ],
)
def test_a_reason_does_not_ask_for_more_items_of_few_documents(count, expected):
    """However many questions are asked about one document, they do not say how another would be answered."""
    before, after = [1, 0] * 1500, [0, 1] * 20 + [1, 0] * 1480
    text = sentence(comparison(in_clusters(after, count), in_clusters(before, count)), metric="accuracy", margin=0.02)
    assert f"the margin 0.02: {expected}; 20 items flipped from right to wrong" in text
    marks = [score * 5.0 for score in before], [score * 5.0 + 1 for score in after]
    assert sentence(comparison(*(in_clusters(scores, count) for scores in marks)), metric="accuracy", margin=0.02) == (
        f"too few scores differ to bound the loss; {expected}"
    )


def test_with_twenty_documents_a_reason_says_how_many_items_would_settle_it():
    results = comparison(in_clusters([1] * 40, 20), in_clusters([1] * 40, 20))
    assert "items would settle it" in sentence(results, metric="accuracy", margin=0.02)


@pytest.mark.parametrize("count", [1, 20, 50, 148])
def test_measuring_the_items_that_a_reason_asks_for_is_enough(count):
    text = sentence(comparison(records_of([1] * count), records_of([1] * count)), metric="accuracy", margin=0.02)
    assert "about 149 items would settle it" in text
    assert comparison(records_of([1] * 149), records_of([1] * 149)).verdict == "pass"


def test_even_an_extreme_margin_gets_a_number_of_items():
    results = comparison(records_of([1, 0] * 30), records_of([0, 1] * 30))
    assert "about 1,000,000,000,000,000 items" in sentence(results, metric="accuracy", margin=1e-300)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([1] * 900 + [0] * 100, "a gain beyond chance"),
        ([1] * 700 + [0] * 300, "a loss beyond chance"),
        ([1] * 801 + [0] * 199, "which proves neither a gain nor a loss"),
    ],
)
def test_without_a_margin_the_reason_says_whether_a_gain_is_proven(scores, expected):
    results = compare_records(records_of(scores), records_of([1] * 800 + [0] * 200), metric="accuracy", margin=0.0)
    assert f"), {expected}; " in sentence(results, metric="accuracy", margin=0.0)


def test_real_scores_have_their_own_wording():
    draw = random.Random(1)
    baseline = [draw.gauss(5, 1) for _ in range(200)]
    candidate = [score + 1 + draw.gauss(0, 0.1) for score in baseline]
    text = sentence(
        comparison(records_of(candidate), records_of(baseline), lower_is_better=True),
        metric="perplexity",
        margin=0.1,
        against="the anchor",
        lower_is_better=True,
    )
    assert text.startswith("perplexity worsened by 1.01 against the anchor")
    assert "200 items scored worse, 0 better" in text
