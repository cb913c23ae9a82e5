# SPDX-License-Identifier: Apache-2.0
"""Ranked documents become TREC's measures."""

import math

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st
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
    for scored in retrieval(ranked(place), tiny()).records:
        assert tuple(scored["scores"].values()) == pytest.approx(expected)


@st.composite
def searches(draw: st.DrawFn) -> dict[str, list[str]]:
    """Rankings of any depth, in any order."""
    documents = [document.id for document in tiny().documents]
    one = st.lists(st.sampled_from(documents), unique=True)
    return {item.id: draw(one) for item in tiny().parts["retrieval"].items}


@given(searches())
def test_the_measures_are_those_of_pytrec_eval_asked_for_each_question(found: dict[str, list[str]]) -> None:
    items = tiny().parts["retrieval"].items
    directly = pytrec_eval.RelevanceEvaluator(
        {item.id: {item.label: 1} for item in items}, {"recall_1", "recall_10", "ndcg_cut_10"}
    ).evaluate({name: {document: float(-rank) for rank, document in enumerate(best)} for name, best in found.items()})
    for scored in retrieval(found, tiny()).records:
        # pytrec_eval leaves a question without documents out of its answer
        expected = directly.get(scored["item"], {"recall_1": 0, "recall_10": 0, "ndcg_cut_10": 0})
        assert list(scored["scores"].values()) == [expected[name] for name in ("recall_1", "recall_10", "ndcg_cut_10")]


def test_a_question_that_was_not_searched_for_is_named() -> None:
    with pytest.raises(ConfigError, match="9 questions were not searched for, the first is query-000"):
        retrieval({}, tiny())


@pytest.mark.parametrize(
    ("wrong", "said"), [(["doc-999"], "is not one of the suite's"), (["doc-001"] * 2, "ranked twice")]
)
def test_a_ranking_that_cannot_be_is_refused(wrong: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        retrieval(ranked(0) | {"query-000": wrong}, tiny())
