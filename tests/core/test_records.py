# SPDX-License-Identifier: Apache-2.0
"""Files of records become columns, and whatever is wrong with one is told by the number of its line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from federation.core.faults import MAX_LISTED
from federation.core.records import read
from federation.errors import ContractError

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "record.v1.json").read_bytes())
LINES = b'{"item":"a","scores":{"accuracy":1}}\n{"item":"b","scores":{"accuracy":0.5}}\n'


def faults(body: bytes) -> list[str]:
    with pytest.raises(ContractError) as caught:
        read(body, ("accuracy",), what="candidate.jsonl")
    assert "candidate.jsonl" in caught.value.what
    return list(caught.value.faults) or [caught.value.what]


def test_lines_become_columns():
    records = read(LINES, ("accuracy",), what="x")
    assert list(records.items) == ["a", "b"]
    assert list(records.scores["accuracy"]) == [1.0, 0.5]
    assert records.clusters is None
    assert records.categories is None


def test_clusters_and_categories_are_read_where_a_line_names_them():
    body = b'{"item":"a","scores":{"accuracy":1}}\n{"item":"b","cluster":"d","category":"c","scores":{"accuracy":0}}'
    records = read(body, ("accuracy",), what="x")
    assert records.clusters == [None, "d"]
    assert records.categories == [None, "c"]


def test_other_fields_and_other_scores_are_left_alone():
    body = b'{"item":"a","model":{"x":[1]},"scores":{"f1":null,"accuracy":1}}\n'
    assert list(read(body, ("accuracy",), what="x").scores) == ["accuracy"]


@given(st.lists(st.integers(1, 40), max_size=6))
def test_wherever_the_pieces_are_cut_the_records_are_the_same(cuts):
    pieces, rest = [], LINES
    for cut in cuts:
        pieces, rest = [*pieces, rest[:cut]], rest[cut:]
    assert read([*pieces, rest], ("accuracy",), what="x") == read(LINES, ("accuracy",), what="x")


def test_a_file_of_several_blocks_reads_like_one_of_one_block():
    body = b"".join(b'{"item":"item-%d","scores":{"accuracy":%d}}\n' % (i, i % 2) for i in range(60_000))
    records = read(body, ("accuracy",), what="x")
    assert len(records.items) == len(set(records.items)) == 60_000
    assert sum(records.scores["accuracy"]) == 30_000


@pytest.mark.parametrize("ending", [b"", b"\n", b"\n\n", b"\n  \n\r\n"])
def test_blank_lines_at_the_end_are_no_fault(ending):
    assert len(read(LINES.rstrip() + ending, ("accuracy",), what="x").items) == 2


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"item":"c","scores":{"accuracy":NaN}}', "JSON has no NaN or Infinity"),
        (b'{"item":"c","scores":{"accuracy":-Infinity}}', "JSON has no NaN or Infinity"),
        (b'{"item":"c","scores":{"accuracy":1e999}}', "out of range"),
        (b'{"item":"c","scores":{"accuracy":1e15}}{}', "not JSON"),
        (b'{"item":"c","scores":{"accuracy":1e16}}', "a finite number <= 1000000000000000"),
        (b'{"item":"c","scores":{"accuracy":-1e308}}', "a finite number >= -1000000000000000"),
        (b'{"item":"c","scores":{"accuracy":1' + b"0" * 400 + b"}}", "out of range"),
        (b'{"item":"c","scores":{"accuracy":true}}', "a finite number, got `bool`"),
        (b'{"item":"c","scores":{"accuracy":"1"}}', "a finite number, got `str`"),
        (b'{"item":"c","scores":{"accuracy":null}}', "a finite number, got `null`"),
        (b'{"item":"c","scores":{"f1":1}}', "missing required field `accuracy`"),
        (b'{"item":"c"}', "missing required field `scores`"),
        (b'{"scores":{"accuracy":1}}', "missing required field `item`"),
        (b'{"item":7,"scores":{"accuracy":1}}', "Expected `str`"),
        (b'{"item":" ","scores":{"accuracy":1}}', "blank item"),
        (b'{"item":"a","scores":{"accuracy":1}}', "repeats item 'a'"),
        (b'{"item":"c","scores":{"accuracy":1}', "not JSON"),
        (b'{"item":"c","scores":{"accuracy":1}}{"item":"d","scores":{"accuracy":1}}', "not JSON"),
        (b"[]", "Expected `object`"),
        (b'{"item":"\xff","scores":{"accuracy":1}}', "not UTF-8"),
        (b'\xef\xbb\xbf{"item":"c","scores":{"accuracy":1}}', "byte-order mark"),
        (b'\n{"item":"c","scores":{"accuracy":1}}', "is blank"),
    ],
)
def test_a_faulty_line_is_named_by_its_number_and_what_was_expected(line, told):
    (fault,) = faults(LINES + line + b"\n")
    assert fault.startswith("line 3 ")
    assert told in fault


def test_a_metric_that_no_line_has_is_one_sentence_with_the_names_that_there_are():
    lines = b'{"item":"a","scores":{"accuracy":1,"f1":null,"\\u0007":1}}\n' * 3
    with pytest.raises(ContractError) as caught:
        read(lines, ("accuracy", "acuracy", "f2"), what="candidate.jsonl")
    told = "candidate.jsonl: the first line has no score 'acuracy', 'f2'; it has '\\x07', 'accuracy', 'f1'"
    assert (caught.value.what, caught.value.faults) == (told, ())
    assert "policy" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"item":"a","scores":{"accuracy":null}}', "a finite number, got `null`"),
        (b'{"item":"a","scores":{}}', "missing required field `accuracy`"),
        (b'{"item":"a"}', "missing required field `scores`"),
        (b'{"item":"a","scores":{"f1":' + b"[" * 5_000, "not JSON"),
    ],
)
def test_a_first_line_with_another_fault_is_told_by_its_number(line, told):
    (fault,) = faults(line + b"\n" + LINES.splitlines()[1])
    assert fault.startswith("line 1 ")
    assert told in fault


def test_every_fault_is_told_up_to_a_bound():
    found = faults(b'{"item":"a"}\n' * (MAX_LISTED + 5))
    assert len(found) == MAX_LISTED + 1
    assert found[-1] == "and 5 more"


def test_a_file_that_is_wrong_throughout_is_not_read_to_its_end():
    pieces = iter([b"{}\n" * 100_000] * 50)
    with pytest.raises(ContractError) as caught:
        read(pieces, ("accuracy",), what="x")
    assert caught.value.faults[-1] == "and 980 more up to line 1,000; the rest was not read"
    assert len(list(pieces)) > 40


def test_more_records_than_a_step_can_hold_are_refused_before_they_fill_it(monkeypatch):
    monkeypatch.setattr("federation.core.records.MAX_RECORDS", 1)
    assert faults(LINES) == ["candidate.jsonl has more than 1 records; take a sample of the items"]


def test_a_file_without_records_is_refused():
    assert "has no records" in faults(b"")[0]
    assert "has no records" in faults(b"\n\n")[0]


def test_a_line_that_never_ends_is_refused():
    with pytest.raises(ContractError, match="a line of more than"):
        read(b'{"item":"' + b"x" * 2_000_000, ("accuracy",), what="x")


@pytest.mark.parametrize("ahead", [0, 60, 600_000, 1_048_575])
@pytest.mark.parametrize("piece", [700_000, 1_048_576, 3_000_000])
@pytest.mark.parametrize(("size", "fits"), [(1_048_576, True), (1_048_577, False)])
def test_how_long_a_line_may_be_does_not_depend_on_what_stands_before_it(ahead, piece, size, fits):
    before, line = (b'{"item":"%c","scores":{"accuracy":1}}' % item for item in b"bc")
    body = (before.ljust(ahead) + b"\n" if ahead else b"") + line.ljust(size) + b"\n"
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
    if fits:
        assert read(pieces, ("accuracy",), what="x").items[-1] == "c"
    else:
        with pytest.raises(ContractError, match="a line of more than"):
            read(pieces, ("accuracy",), what="x")


def test_asking_for_no_metric_is_refused():
    with pytest.raises(ContractError, match="no metric"):
        read(LINES, (), what="x")


def test_ordered_rows_keep_their_scores_and_names():
    body = b'{"item":"a","cluster":"k","category":"c","scores":{"accuracy":1}}\n{"item":"b","scores":{"accuracy":0}}\n'
    turned = read(body, ("accuracy",), what="x").ordered(["b", "a"])
    assert list(turned.scores["accuracy"]) == [0.0, 1.0]
    assert turned.clusters == [None, "k"]
    assert turned.categories == [None, "c"]


def test_the_schema_is_valid_and_its_examples_are_records():
    Draft202012Validator.check_schema(SCHEMA)
    for example in SCHEMA["examples"]:
        Draft202012Validator(SCHEMA).validate(example)
        assert read(json.dumps(example).encode(), ("accuracy", "f1"), what="x").items == ["gsm8k-0017"]


names = st.text(min_size=0, max_size=4)
scores = st.one_of(
    st.booleans(), st.none(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), names
)


@given(
    st.fixed_dictionaries(
        {"scores": st.fixed_dictionaries({"accuracy": scores})},
        optional={"item": st.one_of(names, st.integers()), "cluster": st.one_of(st.none(), names, st.integers())},
    )
)
def test_reader_and_schema_accept_the_same_lines(line):
    valid = Draft202012Validator(SCHEMA).is_valid(line)
    try:
        read(json.dumps(line).encode(), ("accuracy",), what="x")
    except ContractError:
        assert not valid
    else:
        assert valid


@pytest.mark.parametrize(
    "line",
    [
        b'{"item":"b","scores":{"accuracy":0,"accuracy":1}}',
        b'{"item":"b","item":"c","scores":{"accuracy":1}}',
        b'{"item":"b","scores":{"accuracy":0},"scores":{"accuracy":1}}',
        b'{"item":"b","scores":{"accuracy":0,"\\u0061ccuracy":1}}',
    ],
)
def test_a_key_stated_twice_is_a_fault_and_not_the_last_of_both(line):
    with pytest.raises(ContractError, match="line 2 repeats the key"):
        read(b'{"item":"a","scores":{"accuracy":1}}\n' + line + b"\n", ["accuracy"], what="it")


def test_an_id_that_looks_like_a_key_is_an_id():
    body = (
        b'{"item":"\\"accuracy\\"","scores":{"accuracy":1}}\n{"item":"x","category":"item","scores":{"accuracy":1}}\n'
    )
    assert list(read(body, ["accuracy"], what="it").items) == ['"accuracy"', "x"]


WRITTEN = [
    '{"item":"%d","scores":{"accuracy":%s}}',
    '{"item":"%d","scores":{"accuracy":%s},"cluster":"a"}',
    '{"item":"%d","cluster":null,"scores":{"accuracy":%s}}',
    ' {"item":"%d" , "scores" : {"accuracy":%s}} ',
    '{"item":"%d","scores":{"accuracy":%s}}\r',
    '{"item":"%d","cluster":"a","cluster":"b","scores":{"accuracy":%s}}',
    '{"item":"%d","scores":{"accuracy":1,"accuracy":%s}}',
    '{"item":"%d","scores":{"accuracy":1,"\\u0061ccuracy":%s}}',
    '{"item":"%d","scores":{"accuracy":1,"é":1,"\\u00e9":%s}}',
    '{"item":"%d","scores":{"accuracy":1,"a/b":1,"a\\/b":%s}}',
    '{"item":"%d","category":"\\"cluster\\"","scores":{"accuracy":%s},"cluster":"\\/"}',
    '{"item":"%d","x":{"y":1,"y":2},"scores":{"accuracy":%s}}',
    '{"item":"%d","x":{"item":1,"scores":2,"scores":3},"scores":{"accuracy":%s}}',
    '{"item":"%d","x":[NaN,1e999,0.5],"scores":{"accuracy":%s}}',
    '{"item":"%d","x":{"cluster":NaN,"cluster":1e999},"scores":{"accuracy":%s}}',
    '{"item":"%d","scores":',
    '{"accuracy":%s}}{"item":"%d","scores":{"accuracy":1}}',
    '{"item":"%d","scores":{"accuracy":%s}}{}',
    "nothing",
]
"""Lines as somebody might write them; some hold half a record, or two."""
NUMBERS = [
    "1",
    "0.5",
    "-0",
    "1e-400",
    "0." + "0" * 400 + "1",
    "1" + "0" * 400,
    "1e15",
    "1e16",
    "-1e308",
    "NaN",
    "null",
    '"1"',
]


METRICS = [("accuracy",), ("accuracy", "é"), ("accuracy", "a/b")]


def told_of(lines, metrics):
    """What is told about each line of a file, by its number; the first line is a good one."""
    first = json.dumps({"item": "first", "scores": dict.fromkeys(metrics, 1)}, ensure_ascii=False)
    try:
        read("\n".join([first, *lines]).encode(), metrics, what="x")
    except ContractError as error:
        return dict(fault.removeprefix("line ").split(" ", 1) for fault in error.faults)
    return {}


@given(st.lists(st.tuples(st.sampled_from(WRITTEN), st.sampled_from(NUMBERS)), min_size=1, max_size=8), st.data())
def test_what_a_line_is_does_not_depend_on_its_neighbours(chosen, data):
    metrics = data.draw(st.sampled_from(METRICS))
    lines = [form.replace("%d", str(index)).replace("%s", number) for index, (form, number) in enumerate(chosen)]
    alone = {str(number): told_of([line], metrics).get("2") for number, line in enumerate(lines, 2)}
    assert told_of(lines, metrics) == {number: told for number, told in alone.items() if told}
