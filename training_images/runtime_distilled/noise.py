# SPDX-License-Identifier: Apache-2.0
"""How may a text be changed so that its label stays? Typing errors, capitals, words around it that mean nothing here.

The label of a request does not hang on how it is spelt or on what is chatted around it; a student that never saw such a
thing refuses it, since only what must be refused looks strange in its examples.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final

_MOST_WORDS: Final = 6
_MOST_ERRORS: Final = 3
_STRANGE: Final = 0.3
"""Share of the words around that are no words."""


def disturbed(text: str, words: Sequence[str], chance: random.Random) -> str:
    """The text changed in one or two ways.

    Args:
        text: What was said.
        words: What the words around it are drawn from.
        chance: The draw.
    """
    for change in chance.sample(_CHANGES, chance.choice((1, 1, 2))):
        text = change(text, words, chance)
    return text


def _misspelt(text: str, words: Sequence[str], chance: random.Random) -> str:
    del words
    letters = list(text)
    for _ in range(chance.randint(1, _MOST_ERRORS)):
        place = chance.randrange(max(1, len(letters) - 1))
        pair = letters[place : place + 2]
        letters[place : place + 2] = chance.choice((pair[::-1], pair[:1], pair[:1] + pair))
    return "".join(letters)


def _surrounded(text: str, words: Sequence[str], chance: random.Random) -> str:
    said = [_word(words, chance) for _ in range(chance.randint(1, _MOST_WORDS))]
    before = chance.randint(0, len(said)) if chance.random() < 0.5 else len(said)  # noqa: PLR2004 - an even chance
    return " ".join([*said[:before], text, *said[before:]])


def _thinned(text: str, words: Sequence[str], chance: random.Random) -> str:
    """One word in eight is another one."""
    return " ".join(_word(words, chance) if chance.random() < 1 / 8 else word for word in text.split())


def _punctuated(text: str, words: Sequence[str], chance: random.Random) -> str:
    del words
    return text + chance.choice((".", "!", "?", " ...", "!!", " ,", ":"))


def _word(words: Sequence[str], chance: random.Random) -> str:
    word = chance.choice(words)
    return "".join(chance.sample(word, len(word))) if chance.random() < _STRANGE else word


_CHANGES: Final[Sequence[Callable[[str, Sequence[str], random.Random], str]]] = (
    _misspelt,
    _surrounded,
    _surrounded,
    _thinned,
    _punctuated,
)
