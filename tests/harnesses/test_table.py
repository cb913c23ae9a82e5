# SPDX-License-Identifier: Apache-2.0
"""A table of one's own needs no tool, only the names of its columns."""

import csv

import pytest

from federation.errors import ContractError
from federation.harnesses.answer import File

CSV = b'id,right,f1,from\na,true,0.5,"doc, one"\nb,FALSE,1,"doc, one"\na,false,0.25,"doc, one"\n'
LINES = (
    b'{"id": "a", "right": true, "f1": 0.5}\n{"id": "b", "right": false, "f1": 1}\n{"id": "a", "right": 0, "f1": 0.25}'
)
ASKED = {"item": "id", "score": {"accuracy": "right", "f1": "f1"}}


def table(body: bytes, name: str = "mine.csv") -> File:
    return File(name=name, body=body)


def test_words_become_numbers_and_an_item_asked_twice_has_its_mean(rows):
    found = rows(table(CSV), **ASKED, cluster="from")
    assert found["a"] == {"item": "a", "cluster": "doc, one", "scores": {"accuracy": 0.5, "f1": 0.375}}
    assert found["b"]["scores"] == {"accuracy": 0, "f1": 1}


@pytest.mark.parametrize(
    "body",
    [
        CSV.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + CSV,
        CSV.replace(b'"doc, one"', b"one").replace(b",", b"\t"),
        LINES,
        b"\xef\xbb\xbf" + LINES,
    ],
    ids=["CRLF", "a byte-order mark", "tabs", "JSON Lines", "JSON Lines with a byte-order mark"],
)
def test_it_may_be_written_in_any_usual_way(rows, body):
    assert rows(table(body), **ASKED)["a"]["scores"] == {"accuracy": 0.5, "f1": 0.375}


def test_an_inner_field_is_named_with_dots(rows):
    body = b'{"meta": {"id": 7}, "judge": {"score": 4}}'
    assert rows(table(body, "mine.jsonl"), item="meta.id", score={"mark": "judge.score"})["7"]["scores"] == {"mark": 4}


def test_an_empty_score_is_not_zero_until_somebody_says_so(convert, rows):
    body = CSV.replace(b"0.25", b"")
    assert "1 of 2 items have no number" in convert(table(body), **ASKED).left_out["f1"]
    assert rows(table(body), **ASKED, worst={"f1": 0})["a"]["scores"]["f1"] == 0.25


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (CSV.replace(b"0.25", b"good"), "line 4 has 'good' in 'f1'; expected a number"),
        (CSV.replace(b"0.25", b"inf"), "line 4 has 'inf'"),
        (CSV.replace(b"0.25", b"1_0"), "line 4 has '1_0'"),
        (CSV.replace(b"\nb,", b"\n,"), "line 3 has nothing in 'id'"),
        (CSV.replace(b"b,FALSE", b"b"), "line 3 does not have 4 columns"),
        (CSV.replace(b"f1", b"F1"), "no column 'f1'; it has 'id', 'right', 'F1', 'from'"),
        (CSV.replace(b"from", b"f1"), "more than one column 'f1'"),
        (b'id,right,f1\na,1,"0.5\n', "is not valid CSV"),
        (b"id,right,f1\n", "has no rows"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (b'{"id": "a", "right": [1], "f1": 1}', "line 1 has \\[1\\] in 'right'"),
        (b'{"id": "a", "right": 1, "f1": 1, "f1": 0}', "line 1 .* has the name 'f1' more than once"),
        (b'{"id": null, "right": 1, "f1": 1}', "line 1 has nothing in 'id'"),
        (b'{"id": {}, "right": 1, "f1": 1}', "'id' is an object or a list"),
        (b'{"id": "\\ud800", "right": 1, "f1": 1}', "half a surrogate pair"),
        (b'{"id": " ", "right": 1, "f1": 1}', "has a blank item"),
    ],
)
def test_a_broken_table_is_told_by_its_line(convert, body, told):
    with pytest.raises(ContractError, match=told):
        convert(table(body), **ASKED)


def test_a_whole_answer_may_stand_in_a_cell(rows):
    usual = csv.field_size_limit()
    body = b'id,answer,right,f1\na,"' + b"so, " * usual + b'",1,0.5\n'
    assert rows(table(body), **ASKED)["a"]["scores"] == {"accuracy": 1, "f1": 0.5}
    assert csv.field_size_limit() == usual


def test_columns_that_nobody_asked_for_may_have_one_name(rows):
    assert rows(table(b"id,right,f1,,\na,1,0.5,,\n"), **ASKED)["a"]["scores"] == {"accuracy": 1, "f1": 0.5}


def test_a_column_that_says_nothing_in_any_line_is_there_all_the_same(convert):
    body = b'{"id": "a", "right": 1, "f1": null}\n{"id": "b", "right": 0, "f1": null}\n'
    assert convert(table(body), **ASKED).left_out == {
        "f1": "2 of 2 items have no number for it",
    }


def test_an_item_cannot_lie_in_two_clusters(convert):
    with pytest.raises(ContractError, match="answers to the item 'a' have different clusters"):
        convert(table(CSV), **ASKED, cluster="f1")


def test_two_files_are_parts_of_one_run_and_not_two_runs(convert):
    assert convert(table(CSV), table(b"id,right,f1,from\nc,1,1,x\n"), **ASKED).items == 3
    with pytest.raises(ContractError, match=r"the item .a. is in file 1 and in file 2, mine\.csv") as refused:
        convert(table(CSV), table(CSV), **ASKED)
    assert "two runs" in refused.value.hint


def test_a_field_that_no_item_has_is_mistyped_and_one_that_some_have_is_told(convert):
    body = b'{"id": 1, "right": 1, "f1": 1, "from": "x"}\n{"id": 2, "right": 1, "f1": 1}\n'
    assert "1 item without a cluster" in convert(table(body), **ASKED, cluster="from").notes
