# SPDX-License-Identifier: Apache-2.0
from training_images.evals.labels import LABELS, REFUSE, WORDS, continuation, prompt


def test_there_are_42_intents_and_a_refusal_each_with_a_word_of_its_own() -> None:
    assert len(LABELS) == len(set(WORDS.values())) == 43
    assert REFUSE in LABELS


def test_the_word_follows_the_prompt_after_one_space() -> None:
    assert prompt("turn it on") + continuation("HassTurnOn") == "Utterance: turn it on\nIntent: on"
