# SPDX-License-Identifier: Apache-2.0
"""Whoever ships a great many faults is told enough of them to begin."""

from hypothesis import given
from hypothesis import strategies as st

from federation.core.faults import LONGEST, MAX_FOUND, MAX_LISTED, child_path, cut, fault_list, first_faults, sentence


def test_few_faults_are_told_as_they_are():
    assert fault_list(["a", "b"]) == ("a", "b")
    assert first_faults(iter(["a", "b"])) == ("a", "b")


def test_of_many_the_rest_are_counted():
    assert fault_list([str(number) for number in range(10_000)]) == (*map(str, range(MAX_LISTED)), "and 9,980 more")


def test_a_sentence_says_only_the_first():
    assert sentence(list("abcdefg")) == "a; b; c; d; e; and 2 more"


def test_a_path_says_where_however_long_its_keys_are():
    assert child_path("$.units[0]", "name") == "$.units[0].name"
    assert child_path("$", "k" * 10_000) == f"$.{'k' * 80}..."
    assert child_path("$", "größe") == "$.größe"
    assert child_path("$", "x\n$.name: fine\x1b[2J") == r"$.x\n$.name: fine\x1b[2J"
    assert len(child_path("$" * 10_000, "k")) < 600


def test_nobody_looks_on_when_there_are_enough():
    looked = []
    answer = first_faults(str(looked.append(number) or number) for number in range(10**9))
    assert len(looked) == MAX_FOUND + 1
    assert answer[-1] == "there are more than these 100 faults; fix these first"


@given(st.lists(st.text(max_size=3 * LONGEST), max_size=3 * MAX_LISTED))
def test_what_is_told_is_never_long(faults):
    assert len(fault_list(faults)) <= MAX_LISTED + 1
    assert all(len(fault) <= len(cut("x" * 2 * LONGEST)) for fault in fault_list(faults))
