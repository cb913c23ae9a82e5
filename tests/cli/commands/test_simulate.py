# SPDX-License-Identifier: Apache-2.0
"""`federation simulate`: what a person reads of histories that keep the promises, and of one that does not."""

import json

import pytest

from federation.errors import REFUSED
from federation.simulation.promises import PROMISES


def test_histories_that_break_nothing_are_told_in_a_line(federation):
    answer = federation("simulate", "--seed", 4, "--histories", 3, "--jobs", 1)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == "3 histories from seed 4: 0 broken\n"


def test_one_history_is_told_in_full(federation):
    answer = federation("simulate", "--history", 12)
    assert answer.code == 0
    assert answer.out.startswith("activate terms=")
    assert "finale kind='runtime-distilled'" in answer.out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_broken_promise_is_told_with_its_shortest_story(federation, monkeypatch, as_json):
    def silent(played):
        yield from ["something was shipped"] if played.shipped else []

    monkeypatch.setitem(PROMISES, 13, silent)
    answer = federation("simulate", "--history", 12, *(["--json"] if as_json else []))
    assert answer.code == REFUSED
    if as_json:
        told = json.loads(answer.out.splitlines()[0])
        assert told["broken"] == ["13: something was shipped"]
        assert len(told["story"]) == 1
    else:
        assert "history 12 breaks promise 13: something was shipped" in answer.out
        assert "again: federation simulate --history 12" in answer.out
