# SPDX-License-Identifier: Apache-2.0
"""lm-evaluation-harness logs a line for each document and filter; one filter's lines become records."""

import json

import msgspec
import pytest

from federation.errors import ContractError

FIRST = "0-25793eeacf2c"


@pytest.fixture
def math(written):
    return written("lm_eval/samples_tiny_math_*.jsonl")


@pytest.fixture
def choice(written):
    return written("lm_eval/samples_tiny_choice_*.jsonl")


def test_every_document_is_answered_twice_until_a_filter_is_chosen(math, convert):
    with pytest.raises(ContractError, match="more than one filter: 'strict-match', 'flexible-extract'") as refused:
        convert(math)
    assert "--filter NAME" in refused.value.hint
    assert convert(math, filter="strict-match").items == 4


def test_a_filter_that_is_not_there_is_no_other_one(math, choice, convert):
    with pytest.raises(ContractError, match="no filter 'strict'"):
        convert(math, filter="strict")
    with pytest.raises(ContractError, match="no filter 'strict'"):
        convert(choice, filter="strict")


def test_a_document_is_known_by_its_number_and_its_content(choice, rows):
    found = rows(choice)
    assert found[FIRST] == {"item": FIRST, "scores": {"acc": 0, "acc_norm": 1}}
    assert [int(item.partition("-")[0]) for item in found] == [0, 1, 2, 3]


def test_what_only_a_whole_corpus_has_is_left_out_and_said(choice, written, convert):
    assert convert(choice).left_out.keys() == {"mcc", "brier_score"}
    with pytest.raises(ContractError, match="no metric has a number for every item") as refused:
        convert(written("lm_eval/samples_tiny_ppl_*.jsonl"))
    assert "word_perplexity" in str(refused.value)


def test_several_tasks_make_a_suite_only_if_somebody_says_so(math, choice, convert, rows):
    with pytest.raises(ContractError, match="more than one task: 'tiny_math', 'tiny_choice'"):
        convert(math, choice)
    with pytest.raises(ContractError, match="no task 'mmlu_\\*'"):
        convert(math, choice, task=["mmlu_*"])
    other = msgspec.structs.replace(choice, name=choice.name.replace("tiny", "large"))
    found = rows(choice, other, task=["*_choice"])
    assert len(found) == 8
    assert found[f"large_choice/{FIRST}"]["category"] == "large_choice"


def test_two_files_of_one_task_are_two_runs(choice, convert):
    again = msgspec.structs.replace(choice, name=choice.name.replace("13-38", "14-38"))
    with pytest.raises(ContractError, match="both results of the task 'tiny_choice'"):
        convert(choice, again)


def test_a_field_of_the_document_can_be_cluster_or_category(choice, rows):
    found = rows(choice, cluster="doc.answer", category="doc_id")
    assert (found[FIRST]["cluster"], found[FIRST]["category"]) == ("#### 72", "0")


def test_a_mistyped_field_is_no_cluster(choice, convert):
    with pytest.raises(ContractError, match=r"no item has a value in .doc\.anwser."):
        convert(choice, cluster="doc.anwser")


def test_two_documents_with_one_content_are_not_independent(choice, rows, convert):
    lines = [json.loads(line) for line in choice.body.splitlines()]
    lines[3]["doc_hash"] = lines[0]["doc_hash"]
    twins = msgspec.structs.replace(choice, body="\n".join(map(json.dumps, lines)).encode())
    found = rows(twins)
    assert found[FIRST]["cluster"] == found["3-25793eeacf2c"]["cluster"]
    assert "2 items have the same content" in convert(twins).notes[0]


def test_lines_of_an_older_version_name_no_metrics_and_no_filter(math, choice, convert):
    for file in (math, choice):
        lines = [json.loads(line) for line in file.body.splitlines()]
        for line in lines:
            del line["metrics"], line["filter"]
        older = msgspec.structs.replace(file, body="\n".join(map(json.dumps, lines)).encode())
        with pytest.raises(ContractError, match="line 1 does not name its metrics") as refused:
            convert(older)
        assert "0.4.7 or later" in refused.value.hint


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 5 is not JSON"),
        ("[1]", "line 5 is not a JSON object"),
        ('{"metrics": ["acc"], "acc": 1}', "line 5 is not a sample"),
        ("[" * 200_000, "line 5 is not readable JSON"),
    ],
)
def test_a_broken_line_is_told_by_its_number(choice, convert, line, told):
    with pytest.raises(ContractError, match=told):
        convert(msgspec.structs.replace(choice, body=choice.body + line.encode()))


def test_a_file_with_two_runs_in_it_is_refused(choice, convert):
    with pytest.raises(ContractError, match="line 5 repeats the document of line 1"):
        convert(msgspec.structs.replace(choice, body=choice.body * 2))


def test_a_score_that_is_no_number_never_becomes_one(choice, convert):
    nan = msgspec.structs.replace(choice, body=choice.body.replace(b'"acc": 1.0', b'"acc": NaN'))
    found = convert(nan)
    assert "acc" not in found.metrics
    assert "1 of 4 items have no number for it" in found.left_out["acc"]
