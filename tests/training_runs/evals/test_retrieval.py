# SPDX-License-Identifier: Apache-2.0
"""Ranked documents become TREC's measures."""

import math

import pytest
from tests.training_images.evals.suites import tiny

from training_images.evals.retrieval import retrieval
from training_images.job.errors import ConfigError


def ranked(place: int | None) -> dict[str, list[str]]:
    """The right document of every question at that place, from 0 on; nowhere for None."""
    found = {}
    for item in tiny().parts["retrieval"].items:
        others = [document.id for document in tiny().documents if document.id != item.label][:12]
        found[item.id] = others if place is None else [*others[:place], item.label, *others[place:]]
    return found


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0, (1, 1, 1)), (2, (0, 1, 1 / math.log2(4))), (9, (0, 1, 1 / math.log2(11))), (10, (0, 0, 0)), (None, (0, 0, 0))],
)
def test_recall_and_ndcg_follow_their_definitions(place: int | None, expected: tuple[float, float, float]) -> None:
    for told in retrieval(ranked(place), tiny()).records:
        assert tuple(told["scores"].values()) == pytest.approx(expected)


def test_a_question_that_was_not_searched_for_is_named() -> None:
    with pytest.raises(ConfigError, match="9 questions were not searched for, the first is query-000"):
        retrieval({}, tiny())


@pytest.mark.parametrize(
    ("wrong", "said"), [(["doc-999"], "is not one of the suite's"), (["doc-001"] * 2, "ranked twice")]
)
def test_a_ranking_that_cannot_be_is_refused(wrong: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        retrieval(ranked(0) | {"query-000": wrong}, tiny())
