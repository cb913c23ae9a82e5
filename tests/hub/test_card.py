# SPDX-License-Identifier: Apache-2.0
"""The Hub reads in a release's card what people read in it, and how each unit was judged."""

import pytest
from tests.hub.releases import release

from federation.core.card import card
from federation.hub.card import page


@pytest.fixture
def read():
    from huggingface_hub import ModelCard

    return ModelCard


def test_the_card_says_how_each_unit_was_judged_and_on_which_report(read):
    document = release()
    results = read(page(document)).data.eval_results
    assert [(one.task_type, one.task_name, one.metric_value) for one in results] == [
        ("embedder", "acme/embedder-v1", "pass"),
        ("textgen-lora", "acme/textgen-lora-v1", "pass"),
    ]
    assert [one.dataset_name for one in results] == [unit["report"] for unit in document["units"].values()]
    assert {one.metric_name for one in results} == {"Gates under policy production version 3"}


def test_a_carried_unit_is_not_said_to_have_passed_again(read):
    document = release(kinds=("embedder",))
    document["units"]["embedder"]["origin"] = "carried"
    (result,) = read(page(document)).data.eval_results
    assert result.metric_value == "carried"


def test_everything_else_is_the_card_that_every_registry_shows(read):
    shown, everywhere = read(page(release())), read(card(release()))
    assert shown.text == everywhere.text
    assert shown.data.tags == everywhere.data.tags == ["federated-release", "api:fusion-api-v1"]


def test_no_name_breaks_out_of_its_place(read):
    document = release(kinds=("embedder",))
    document["units"]["embedder"]["name"] = 'a"\n---\nb: [}'
    (result,) = read(page(document)).data.eval_results
    assert result.task_name == 'a"\n---\nb: [}'
