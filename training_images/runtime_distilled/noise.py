# SPDX-License-Identifier: Apache-2.0
"""Changes texts without changing their labels: typing errors, extra words around them, other words, punctuation.

The label of a request does not depend on its spelling or on words around it. A student that never saw such texts refuses
them, because in its other examples only the texts that must be refused look unusual.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final

_MAX_WORDS: Final = 6
_MAX_ERRORS: Final = 3
_SCRAMBLED: Final = 0.3
"""Share of the extra words whose letters are shuffled."""


def perturb(text: str, words: Sequence[str], rng: random.Random) -> str:
    """Change the text in one or two ways.

    Args:
        text: The text.
        words: The words to draw extra words from.
        rng: The random generator.
    """
    for change in rng.sample(_CHANGES, rng.choice((1, 1, 2))):
        text = change(text, words, rng)
    return text


def _misspell(text: str, words: Sequence[str], rng: random.Random) -> str:
    del words
    letters = list(text)
    for _ in range(rng.randint(1, _MAX_ERRORS)):
        position = rng.randrange(max(1, len(letters) - 1))
        pair = letters[position : position + 2]
        letters[position : position + 2] = rng.choice((pair[::-1], pair[:1], pair[:1] + pair))
    return "".join(letters)


def _surround(text: str, words: Sequence[str], rng: random.Random) -> str:
    extra = [_word(words, rng) for _ in range(rng.randint(1, _MAX_WORDS))]
    before = rng.randint(0, len(extra)) if rng.random() < 0.5 else len(extra)  # noqa: PLR2004 - one half
    return " ".join([*extra[:before], text, *extra[before:]])


def _replace_words(text: str, words: Sequence[str], rng: random.Random) -> str:
    """Replace about one word in eight by another."""
    return " ".join(_word(words, rng) if rng.random() < 1 / 8 else word for word in text.split())


def _punctuate(text: str, words: Sequence[str], rng: random.Random) -> str:
    del words
    return text + rng.choice((".", "!", "?", " ...", "!!", " ,", ":"))


def _word(words: Sequence[str], rng: random.Random) -> str:
    word = rng.choice(words)
    return "".join(rng.sample(word, len(word))) if rng.random() < _SCRAMBLED else word


_CHANGES: Final[Sequence[Callable[[str, Sequence[str], random.Random], str]]] = (
    _misspell,
    _surround,
    _surround,
    _replace_words,
    _punctuate,
)
