# SPDX-License-Identifier: Apache-2.0
"""Noise changes a text only as far as its label stays the same."""

import random

from hypothesis import given
from hypothesis import strategies as st

from training_images.runtime_distilled.noise import perturb

WORDS = ["kitchen", "volume", "a"]
TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=80)


@given(TEXTS, st.integers(0, 10_000))
def test_the_same_seed_disturbs_a_text_in_the_same_way(text: str, seed: int) -> None:
    assert perturb(text, WORDS, random.Random(seed)) == perturb(text, WORDS, random.Random(seed))


@given(st.integers(0, 10_000))
def test_most_words_of_a_text_are_kept(seed: int) -> None:
    text = "set the brightness of the lamp in the hallway to forty"
    disturbed_words = perturb(text, WORDS, random.Random(seed)).split()
    assert sum(word in disturbed_words for word in text.split()) >= 4


def test_texts_of_one_letter_can_be_disturbed() -> None:
    assert all(perturb("a", WORDS, random.Random(seed)) is not None for seed in range(200))


def test_some_extra_words_are_known_and_some_have_shuffled_letters() -> None:
    words = {word for seed in range(300) for word in perturb("go", WORDS, random.Random(seed)).split()}
    assert words & set(WORDS)
    assert any(sorted(word) == sorted("kitchen") and word != "kitchen" for word in words)
