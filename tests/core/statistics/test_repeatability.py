# SPDX-License-Identifier: Apache-2.0
"""The same unit runs the suite again: which items change their mind?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.records import Records
from federation.core.statistics.repeatability import disagreement
from federation.errors import ContractError


def run(**scores: float) -> Records:
    return Records(what="run.jsonl", items=list(scores), scores={"accuracy": list(scores.values())})


def test_two_runs_agree_about_an_item_or_they_do_not():
    assert disagreement([run(a=1, b=1), run(b=0, a=1)], "accuracy") == {"a": 0.0, "b": 1.0}


def test_of_five_runs_one_that_differs_separates_four_of_ten_pairs():
    runs = [run(a=1), run(a=1), run(a=0), run(a=1), run(a=1)]
    assert disagreement(runs, "accuracy") == {"a": 0.4}


def test_three_different_scores_separate_every_pair():
    assert disagreement([run(a=0.1), run(a=0.2), run(a=0.3)], "accuracy") == {"a": 1.0}


def test_one_run_has_nothing_to_disagree_with():
    with pytest.raises(ContractError, match="name two or more files"):
        disagreement([run(a=1)], "accuracy")


def test_runs_of_different_items_are_refused():
    with pytest.raises(ContractError, match="have different items"):
        disagreement([run(a=1), run(b=1)], "accuracy")


@given(st.integers(2, 9).flatmap(lambda count: st.lists(st.integers(0, 1), min_size=count, max_size=count)))
def test_the_share_is_what_counting_every_pair_gives(scores):
    """The order of the runs means nothing."""
    pairs = [(left, right) for index, left in enumerate(scores) for right in scores[:index]]
    share = sum(left != right for left, right in pairs) / len(pairs)
    assert disagreement([run(a=score) for score in scores], "accuracy") == {"a": share}
