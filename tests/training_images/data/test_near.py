# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_images.data.near import LEAST, LEAST_LONG, LONG, distinct, grams, jaccard, normalised, pairs, without
from training_images.data.rows import Row

TEXTS = st.lists(st.text(alphabet="ab 1", max_size=9), max_size=8)


def rows(side: str, texts: list[str]) -> list[Row]:
    return [Row(id=f"{side}-{place}", text=text, label="", cluster="", category="") for place, text in enumerate(texts)]


@given(left=TEXTS, right=TEXTS, least=st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_no_near_duplicate_is_missed_and_none_invented(left: list[str], right: list[str], least: float) -> None:
    one, other = rows("left", left), rows("right", right)
    result = {(pair.left, pair.right) for pair in pairs(one, other, least)}
    expected = {
        (first.id, second.id)
        for first in one
        for second in other
        if jaccard(grams(first.text), grams(second.text)) >= least
    }
    assert result == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Turn on the light!", "turn on  the light"),
        ("set a timer for 5 minutes", "set a timer for 45 minutes"),
        ("caf\u00e9 lights", "cafe\u0301 lights"),
    ],
)
def test_case_punctuation_numbers_and_encoding_make_no_difference(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert len(distinct(rows("x", [one, other]))) == 1


def test_one_word_more_in_a_long_text_is_still_the_same_text() -> None:
    words = [f"word{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(120)]
    one, other = " ".join(words), " ".join([*words[:60], "suddenly", *words[60:]])
    assert len(list(pairs(rows("a", [one]), rows("b", [other]), LEAST_LONG))) == 1


@pytest.mark.parametrize("least", [LEAST, LEAST_LONG])
def test_two_words_more_that_make_a_text_a_long_one_is_still_the_same_text(least: float) -> None:
    words = [f"word{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(56)]
    below, above = " ".join(words), " ".join([*words[:30], "quite", "suddenly", *words[30:]])
    assert len(below) < LONG < len(above)
    assert len(list(pairs(rows("a", [below]), rows("b", [above]), least))) == 1
    assert len(list(pairs(rows("a", [above]), rows("b", [below]), least))) == 1


def test_rows_that_resemble_held_out_rows_are_left_out() -> None:
    held_out = rows("test", ["switch off the kitchen lights"])
    learned = rows("train", ["Switch off the kitchen lights, now", "open the garage door"])
    assert [row.id for row in without(learned, held_out, 0.7)] == ["train-1"]
