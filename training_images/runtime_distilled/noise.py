# SPDX-License-Identifier: Apache-2.0
"""How can a text change without changing its label? Typing errors, capitals, surrounding words that mean nothing here.

The label of a request does not depend on its spelling or on the chatter around it. A student that never saw such text
refuses it, because in its examples only what must be refused looks strange.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final

_MOST_WORDS: Final = 6
_MOST_ERRORS: Final = 3
_STRANGE: Final = 0.3
"""Share of the surrounding words that are not real words."""


def disturbed(text: str, words: Sequence[str], chance: random.Random) -> str:
    """Change the text in one or two ways.

    Args:
        text: The text.
        words: The words to draw surrounding words from.
        chance: The random generator.
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
    """Replace one word in eight by another one."""
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
