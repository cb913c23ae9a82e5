# SPDX-License-Identifier: Apache-2.0
"""What may be done to a text that keeps its label?"""

import random

from hypothesis import given
from hypothesis import strategies as st

from training_images.runtime_distilled.noise import disturbed

WORDS = ["kitchen", "volume", "a"]
TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=80)


@given(TEXTS, st.integers(0, 10_000))
def test_the_same_seed_disturbs_a_text_in_the_same_way(text: str, seed: int) -> None:
    assert disturbed(text, WORDS, random.Random(seed)) == disturbed(text, WORDS, random.Random(seed))


@given(st.integers(0, 10_000))
def test_most_of_what_was_said_is_still_there(seed: int) -> None:
    said = "set the brightness of the lamp in the hallway to forty"
    kept = disturbed(said, WORDS, random.Random(seed)).split()
    assert sum(word in kept for word in said.split()) >= 4


def test_texts_of_one_letter_survive() -> None:
    assert all(disturbed("a", WORDS, random.Random(seed)) is not None for seed in range(200))


def test_words_around_it_are_sometimes_none_that_anybody_knows() -> None:
    told = {word for seed in range(300) for word in disturbed("go", WORDS, random.Random(seed)).split()}
    assert told & set(WORDS)
    assert any(sorted(word) == sorted("kitchen") and word != "kitchen" for word in told)
