# SPDX-License-Identifier: Apache-2.0
"""What does a person read about a comparison, and what are they told to do?"""

import random

import pytest
from msgspec.structs import replace

from federation.core.records import Records
from federation.core.statistics.comparison import Comparison, compare_records
from federation.core.statistics.wording import sentence


def side(scores) -> Records:
    items = [f"item-{index:05}" for index in range(len(scores))]
    return Records(what="x", items=items, scores={"accuracy": list(map(float, scores))})


def compared(mine: Records, theirs: Records, **how) -> Comparison:
    return compare_records(mine, theirs, metric="accuracy", margin=0.02, **how)


def test_a_person_reads_what_moved_and_by_how_much():
    found = compared(side([1] * 800 + [0] * 200), side([1] * 900 + [0] * 100))
    assert sentence(found, metric="accuracy", margin=0.02) == (
        "accuracy fell by 0.1 against the baseline on 1,000 shared items (95 % bounds -0.117..-0.0848), "
        "more than the margin 0.02 allows; 100 items flipped from right to wrong, 0 from wrong to right"
    )


def test_an_inconclusive_sentence_says_how_many_items_would_settle_it():
    found = compared(side([1, 0] * 30), side([0, 1] * 30))
    text = sentence(found, metric="accuracy", margin=0.02)
    assert "did not change" in text
    assert "neither proves nor rules out a loss of more than the margin 0.02" in text
    assert "items would settle it" in text


def test_a_loss_near_the_margin_takes_more_items_than_an_equal_candidate_would():
    """Of 2,000 items 30 are lost and none won: 2,001 items, which an equal candidate takes, would settle nothing."""
    found = compared(side([1] * 1570 + [0] * 430), side([1] * 1600 + [0] * 400))
    assert "about 3,894 items would settle it" in sentence(found, metric="accuracy", margin=0.02)
    at = compared(side([1] * 1560 + [0] * 440), side([1] * 1600 + [0] * 400))
    assert "so close to the margin that more items would hardly settle it" in sentence(
        at, metric="accuracy", margin=0.02
    )


def test_while_nothing_differs_the_items_that_would_settle_it_are_those_that_do():
    """149 items of which none differs keep a margin of two points, and 149 documents of ten items."""
    alone = compared(side([1] * 100), side([1] * 100))
    assert "about 149 items would settle it" in sentence(alone, metric="accuracy", margin=0.02)
    documents = replace(side([1] * 400), clusters=[str(index // 10) for index in range(400)])
    together = compared(documents, documents)
    assert "about 1,483 items would settle it" in sentence(together, metric="accuracy", margin=0.02)


def in_clusters(scores, count) -> Records:
    return replace(side(scores), clusters=[str(index % count) for index in range(len(scores))])


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "these items are all in one cluster (a document, a conversation), and only other clusters could settle it"),
        (19, "these items are in 19 clusters (documents, conversations), and only more clusters could settle it"),
    ],
)
def test_more_items_of_few_documents_are_not_asked_for(count, told):
    """However many questions are asked about one document, they do not say how another would be answered."""
    before, after = [1, 0] * 1500, [0, 1] * 20 + [1, 0] * 1480
    text = sentence(compared(in_clusters(after, count), in_clusters(before, count)), metric="accuracy", margin=0.02)
    assert f"the margin 0.02: {told}; 20 items flipped from right to wrong" in text
    marks = [score * 5.0 for score in before], [score * 5.0 + 1 for score in after]
    assert sentence(compared(*(in_clusters(one, count) for one in marks)), metric="accuracy", margin=0.02) == (
        f"too few scores differ to bound the loss; {told}"
    )


def test_of_twenty_documents_it_is_told_how_many_items_would_settle_it():
    found = compared(in_clusters([1] * 40, 20), in_clusters([1] * 40, 20))
    assert "items would settle it" in sentence(found, metric="accuracy", margin=0.02)


@pytest.mark.parametrize("count", [1, 20, 50, 148])
def test_whoever_measures_as_many_as_was_said_is_not_told_of_more(count):
    few = sentence(compared(side([1] * count), side([1] * count)), metric="accuracy", margin=0.02)
    assert "about 149 items would settle it" in few
    assert compared(side([1] * 149), side([1] * 149)).verdict == "pass"


def test_a_margin_that_no_number_of_items_could_prove_is_told_all_the_same():
    found = compared(side([1, 0] * 30), side([0, 1] * 30))
    assert "about 1,000,000,000,000,000 items" in sentence(found, metric="accuracy", margin=1e-300)


@pytest.mark.parametrize(
    ("mine", "told"),
    [
        ([1] * 900 + [0] * 100, "a gain beyond chance"),
        ([1] * 700 + [0] * 300, "a loss beyond chance"),
        ([1] * 801 + [0] * 199, "which proves neither a gain nor a loss"),
    ],
)
def test_without_a_margin_it_is_told_whether_a_gain_is_proven(mine, told):
    found = compare_records(side(mine), side([1] * 800 + [0] * 200), metric="accuracy", margin=0.0)
    assert f"), {told}; " in sentence(found, metric="accuracy", margin=0.0)


def test_real_scores_are_told_in_their_own_words():
    draw = random.Random(1)
    theirs = [draw.gauss(5, 1) for _ in range(200)]
    mine = [score + 1 + draw.gauss(0, 0.1) for score in theirs]
    text = sentence(
        compared(side(mine), side(theirs), lower_is_better=True),
        metric="perplexity",
        margin=0.1,
        against="the anchor",
        lower_is_better=True,
    )
    assert text.startswith("perplexity worsened by 1.01 against the anchor")
    assert "200 items scored worse, 0 better" in text
