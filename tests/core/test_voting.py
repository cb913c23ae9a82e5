# SPDX-License-Identifier: Apache-2.0
"""Several members decide whether one answer may go out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.voting import is_safe

RULES = ["majority", "unanimous", "veto"]
rules = st.sampled_from(RULES)
ballots = st.lists(st.booleans(), max_size=9)


@pytest.mark.parametrize("rule", RULES)
def test_without_votes_nothing_goes_out(rule):
    assert not is_safe(rule, [])


@pytest.mark.parametrize(
    ("rule", "votes", "safe"),
    [
        ("majority", [True, True, False], True),
        ("majority", [True, False], False),
        ("majority", [True, False, False], False),
        ("unanimous", [True, True], True),
        ("unanimous", [True, True, False], False),
        ("veto", [True], True),
        ("veto", [True] * 8 + [False], False),
    ],
)
def test_each_rule_counts_as_it_is_called(rule, votes, safe):
    assert is_safe(rule, votes) is safe


@given(rules, st.integers(1, 9))
def test_all_in_favour_is_safe_and_all_against_is_not(rule, members):
    assert is_safe(rule, [True] * members)
    assert not is_safe(rule, [False] * members)


@given(rules, ballots, st.randoms(use_true_random=False))
def test_the_order_of_votes_says_nothing(rule, votes, random):
    shuffled = random.sample(votes, len(votes))
    assert is_safe(rule, shuffled) == is_safe(rule, votes)


@given(rules, ballots)
def test_turning_a_vote_to_unsafe_never_makes_an_answer_safe(rule, votes):
    for index in range(len(votes)):
        worse = [*votes[:index], False, *votes[index + 1 :]]
        assert is_safe(rule, worse) <= is_safe(rule, votes)


@given(ballots)
def test_what_one_flag_lets_through_a_majority_lets_through_too(votes):
    assert is_safe("veto", votes) == is_safe("unanimous", votes) <= is_safe("majority", votes)
