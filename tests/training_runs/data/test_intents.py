# SPDX-License-Identifier: Apache-2.0
"""Utterances out of templates: drawn anew they are the same, and a template stands on one side."""

import json

import pytest

from training_images.data.intents import expanded, split, unambiguous
from training_images.data.rows import Row
from training_images.job.errors import ConfigError

LIGHTS = [f"{verb} [the] {{area}} light[s]" for verb in ("ignite", "kindle", "wake", "start", "enable", "trigger")]
KNOWN = {
    "language": "en",
    "intents": {
        "HassTurnOn": {"data": [{"sentences": LIGHTS}]},
        "HassTurnOff": {"data": [{"sentences": ["(kill|stop) <all> {name}", "darkness ([in] the;{area})"]}]},
        "HassSetVolume": {"data": [{"sentences": ["volume to {volume}[ percent]"]}]},
    },
    "lists": {"volume": {"range": {"type": "percentage", "from": 0, "to": 100}}},
    "expansion_rules": {"all": "(every|all)"},
}
CONTENT = json.dumps(KNOWN).encode()


def test_the_same_templates_give_the_same_utterances() -> None:
    assert list(expanded(CONTENT, 5, "seed")) == list(expanded(CONTENT, 5, "seed"))


def test_a_further_template_changes_none_of_the_others() -> None:
    more = json.loads(CONTENT)
    more["intents"]["HassTurnOn"]["data"][0]["sentences"].insert(0, "let there be light")
    before, after = (list(expanded(content, 5, "seed")) for content in (CONTENT, json.dumps(more).encode()))
    assert {row.id for row in before} < {row.id for row in after}


def test_every_part_of_a_template_is_filled_in() -> None:
    rows = list(expanded(CONTENT, 20, "seed"))
    assert not any(mark in row.text for row in rows for mark in "{}[]()|<>;")
    assert {row.label for row in rows} == {"HassTurnOn", "HassTurnOff", "HassSetVolume"}


def test_a_template_stands_on_one_side() -> None:
    sides = split(CONTENT)
    clusters = [{row.cluster for row in rows} for rows in sides.values()]
    assert sum(map(len, clusters)) == len(set().union(*clusters))
    assert sides["train"]
    assert sides["test"]


def test_a_text_that_is_said_for_two_intents_is_dropped() -> None:
    rows = [
        Row(id=str(place), text=text, label=label, cluster="c", category="x")
        for place, (text, label) in enumerate([("Stop.", "A"), ("stop", "B"), ("go", "A")])
    ]
    assert [row.text for row in unambiguous(rows)] == ["go"]


def test_a_slot_that_nothing_fills_is_named() -> None:
    unknown = CONTENT.replace(b"{volume}", b"{loudness}")
    with pytest.raises(ConfigError, match="nothing fills the slot loudness"):
        list(expanded(unknown, 1, "seed"))
