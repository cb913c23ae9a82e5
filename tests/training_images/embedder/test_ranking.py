# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training_images.data.rows import Row
from training_images.embedder.ranking import ranked, recall_curve

IDS = ["d0", "d1", "d2", "d3"]


def _question(name: str, right: str) -> Row:
    return Row(id=name, text=name, label=right, cluster="family", category="any")


def test_documents_are_ranked_by_similarity_and_equals_by_place() -> None:
    similar = np.array([[0.1, 0.9, 0.9, 0.3]])
    assert ranked([_question("q", "d1")], similar, IDS) == {"q": ["d1", "d2", "d3", "d0"]}


def test_recall_counts_the_questions_whose_document_is_among_the_first_k() -> None:
    questions = [_question("q0", "d1"), _question("q1", "d0")]
    ranking = ranked(questions, np.array([[0.1, 0.9, 0.2, 0.3], [0.1, 0.9, 0.2, 0.3]]), IDS)
    curve = recall_curve(questions, ranking)
    assert (curve[1], curve[3], curve[5]) == (0.5, 0.5, 1.0)


def test_a_document_that_is_not_ranked_at_all_is_not_found() -> None:
    curve = recall_curve([_question("q", "elsewhere")], {"q": IDS})
    assert set(curve.values()) == {0.0}


@given(st.lists(st.lists(st.floats(-1, 1), min_size=4, max_size=4), min_size=1, max_size=6))
def test_recall_never_falls_with_k(rows: list[list[float]]) -> None:
    questions = [_question(f"q{number}", "d2") for number in range(len(rows))]
    values = list(recall_curve(questions, ranked(questions, np.array(rows), IDS)).values())
    assert values == sorted(values)
