# SPDX-License-Identifier: Apache-2.0
"""promptfoo asked two providers three questions, each twice; one provider was away for the third."""

import json

import pytest

from federation.errors import ContractError


@pytest.fixture
def out(written):
    return written("promptfoo/out.json")


def test_a_provider_has_to_be_chosen(out, convert):
    with pytest.raises(ContractError, match="more than one provider: 'candidate', 'baseline'"):
        convert(out)
    assert convert(out, provider="baseline").items == 3


def test_both_providers_have_the_same_items(out, rows):
    assert rows(out, provider="candidate").keys() == rows(out, provider="baseline").keys()


def test_a_question_asked_again_is_the_same_item(out, rows, bent):
    def once(document):
        results = document["results"]
        results["results"] = [row for row in results["results"] if row["testIdx"] % 2 == 0]

    assert rows(bent(out, once), provider="baseline").keys() == rows(out, provider="baseline").keys()


def test_the_order_in_which_the_answers_came_names_no_item_and_numbers_no_prompt(out, rows, convert, bent):
    """`--no-write` lists a row when its answer is there, and several prompts of a test are asked at once."""

    def two_prompts(document):
        for row in document["results"]["results"]:
            row["prompt"]["label"] = f"prompt {row['promptIdx']}"
            row["provider"] = {"id": "echo"}

    def as_they_came(document):
        document["results"]["results"].reverse()

    assert convert(bent(out, as_they_came), provider="baseline").body == convert(out, provider="baseline").body
    both = bent(out, two_prompts)
    assert convert(bent(both, as_they_came), prompt=1).body == convert(both, prompt=1).body


def test_tests_whose_variables_were_stripped_are_not_one_question_asked_often(out, convert, bent):
    def stripped(document):
        for row in document["results"]["results"]:
            row["vars"] = {}
            del row["testCase"]["vars"]

    with pytest.raises(ContractError, match="so its question is unknown") as refused:
        convert(bent(out, stripped), provider="baseline")
    assert "PROMPTFOO_STRIP_TEST_VARS" in refused.value.hint

    def without(document):
        for row in document["results"]["results"]:
            row["vars"] = row["testCase"]["vars"] = {}

    assert convert(bent(out, without), provider="baseline").items == 3


def test_a_wrong_answer_came_although_the_grades_were_stripped(out, convert, bent):
    """PROMPTFOO_STRIP_GRADING_RESULT leaves the error's text and the reason."""

    def stripped(document):
        for row in document["results"]["results"]:
            row["gradingResult"] = None

    found = convert(bent(out, stripped), provider="baseline")
    assert {"latency_ms", "cost"} <= found.metrics.keys()
    assert not any("ended in an error" in note for note in found.notes)


def test_no_answer_is_no_success_and_what_else_it_would_have_scored_is_asked_for(out, convert, rows):
    found = convert(out, provider="candidate")
    assert found.metrics.keys() == {"success", "score"}
    assert "1 ended in an error; --worst correct=NUMBER" in found.left_out["correct"]
    third = list(rows(out, provider="candidate", worst={"correct": 0}).values())[2]
    assert third["scores"] == {"correct": 0, "score": 0, "success": 0}


def test_an_error_that_an_older_version_states_without_a_reason_was_no_answer(out, convert, bent):
    def away(document):
        row = next(row for row in document["results"]["results"] if row["promptIdx"] == 1)
        del row["failureReason"]
        row |= {"success": False, "score": 0, "error": "API error: 500", "gradingResult": None}

    found = convert(bent(out, away), provider="baseline")
    assert {"latency_ms", "cost", "tokens"} <= found.left_out.keys()
    assert "1 answer ended in an error" in found.notes


def test_an_answer_out_of_the_cache_says_nothing_of_time_or_price(out, convert, bent):
    assert {"latency_ms", "cost", "tokens"} <= convert(out, provider="baseline").metrics.keys()

    def cached(document):
        next(row for row in document["results"]["results"] if row["promptIdx"] == 1)["response"]["cached"] = True

    assert "latency_ms" in convert(bent(out, cached), provider="baseline").left_out


def test_prompts_are_chosen_by_their_number(out, convert, bent):
    def reworded(document):
        for row in document["results"]["results"]:
            if row["testIdx"] % 2:
                row["prompt"]["label"] = "Shortly: {{q}}"

    two = bent(out, reworded)
    with pytest.raises(ContractError, match=r"more than one prompt: .*'2: Shortly: {{q}}'"):
        convert(two, provider="baseline")
    assert convert(two, provider="baseline", prompt=2).items == 3
    with pytest.raises(ContractError, match="no prompt '3'"):
        convert(two, provider="baseline", prompt=3)


def test_two_providers_of_one_name_are_not_mixed(out, convert, bent):
    def nameless(document):
        for row in document["results"]["results"]:
            row["provider"] = {"id": "echo"}

    with pytest.raises(ContractError, match="more than one provider is named 'echo'"):
        convert(bent(out, nameless))


def test_variables_say_what_questions_share(out, rows):
    assert [row["cluster"] for row in rows(out, provider="baseline", cluster="vars.document").values()] == [
        "d1",
        "d1",
        "d2",
    ]


def test_another_assertion_is_another_item(out, rows, bent):
    def stricter(document):
        for row in document["results"]["results"]:
            row["testCase"]["assert"][0]["type"] = "equals"

    assert rows(bent(out, stricter), provider="baseline").keys().isdisjoint(rows(out, provider="baseline"))
    assert json.loads(out.body)["results"]["version"] == 3
