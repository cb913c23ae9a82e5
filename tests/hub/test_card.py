# SPDX-License-Identifier: Apache-2.0
"""The Hub's card of a release shows the same text as every registry's, and each unit's verdict."""

import pytest
from tests.hub.releases import release

from federation.core.card import card
from federation.hub.card import page


@pytest.fixture
def card_class():
    from huggingface_hub import ModelCard

    return ModelCard


def test_the_card_shows_each_units_verdict_and_its_report(card_class):
    document = release()
    results = card_class(page(document)).data.eval_results
    assert [(result.task_type, result.task_name, result.metric_value) for result in results] == [
        ("embedder", "acme/embedder-v1", "pass"),
        ("textgen-lora", "acme/textgen-lora-v1", "pass"),
    ]
    assert [result.dataset_name for result in results] == [unit["report"] for unit in document["units"].values()]
    assert {result.metric_name for result in results} == {"Gates under policy production version 3"}


def test_a_carried_unit_is_shown_as_carried_not_passed(card_class):
    document = release(kinds=("embedder",))
    document["units"]["embedder"]["origin"] = "carried"
    (result,) = card_class(page(document)).data.eval_results
    assert result.metric_value == "carried"


def test_the_rest_of_the_card_is_what_every_registry_shows(card_class):
    hub_card, plain_card = card_class(page(release())), card_class(card(release()))
    assert hub_card.text == plain_card.text
    assert hub_card.data.tags == plain_card.data.tags == ["federated-release", "api:fusion-api-v1"]


def test_a_name_with_yaml_syntax_stays_inside_its_field(card_class):
    document = release(kinds=("embedder",))
    document["units"]["embedder"]["name"] = 'a"\n---\nb: [}'
    (result,) = card_class(page(document)).data.eval_results
    assert result.task_name == 'a"\n---\nb: [}'
