# SPDX-License-Identifier: Apache-2.0
"""Which texts are the same except for case, numbers, punctuation or one word?

Near duplicates are pairs whose n-grams have a Jaccard index of at least `LEAST`. Prefix filtering finds them without
comparing every pair (Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search").
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from training_images.data.rows import Row

GRAM: Final = 4
LEAST: Final = 0.8
LONG: Final = 400
"""Length in characters from which a text's n-grams consist of three words instead of four characters."""
LEAST_LONG: Final = 0.6
"""The least index for texts that are mostly long: one changed word changes three of their n-grams."""
_SHINGLE: Final = 3
_NUMBER: Final = re.compile(r"\d+")
_OTHER: Final = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two rows that are too alike: their ids, and how alike (1: the same except for case, numbers and punctuation)."""

    left: str
    right: str
    jaccard: float


def normalised(text: str) -> str:
    """The text without case, punctuation and differences in how accents are encoded; every number becomes a zero."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _OTHER.sub(" ", _NUMBER.sub("0", folded)).strip()


def grams(text: str) -> frozenset[str]:
    """The normalised text's n-grams: of characters, or of words if it is long. A shorter text is its own n-gram."""
    if _is_long(text):
        return _of_words(text)
    plain = _edged(text)
    return frozenset(plain[start : start + GRAM] for start in range(max(1, len(plain) - GRAM + 1)))


def pairs(left: Sequence[Row], right: Sequence[Row], least: float = LEAST) -> Iterator[Pair]:
    """Every pair of one row of each side that is a near duplicate.

    A text just below `LONG` and one just above have no n-gram in common, so those are compared by words.
    """
    yield from _pairs(left, right, least, grams)
    (short, long), (shorter, longer) = _by_length(left), _by_length(right)
    yield from _pairs(short, longer, least, _of_words)
    yield from _pairs(long, shorter, least, _of_words)


def _by_length(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The short rows and the long ones."""
    by_length: tuple[list[Row], list[Row]] = ([], [])
    for row in rows:
        by_length[_is_long(row.text)].append(row)
    return by_length


def _is_long(text: str) -> bool:
    return len(_edged(text)) >= LONG


def _edged(text: str) -> str:
    """The normalised text, with the edges of its first and last word."""
    return f" {normalised(text)} "


def _of_words(text: str) -> frozenset[str]:
    words = normalised(text).split()
    return frozenset(" ".join(words[start : start + _SHINGLE]) for start in range(max(1, len(words) - _SHINGLE + 1)))


def _pairs(
    left: Sequence[Row], right: Sequence[Row], least: float, cut: Callable[[str], frozenset[str]]
) -> Iterator[Pair]:
    if not (left and right):
        return
    sets = {id(row): cut(row.text) for rows in (left, right) for row in rows}
    rarity = Counter(gram for found in sets.values() for gram in found)
    index = _index(left, sets, rarity, least)
    for row in right:
        own = sets[id(row)]
        candidates = {place for gram in _prefix(own, rarity, least) for place in index.get(gram, ())}
        for place in sorted(candidates):
            alike = _alike(sets[id(left[place])], own, least)
            if alike >= least:
                yield Pair(left=left[place].id, right=row.id, jaccard=alike)


def without(rows: Sequence[Row], held_out: Sequence[Row], least: float = LEAST) -> list[Row]:
    """The rows that are not near duplicates of any held-out row."""
    leaking = {pair.right for pair in pairs(held_out, rows, least)}
    return [row for row in rows if row.id not in leaking]


def distinct(rows: Iterable[Row]) -> list[Row]:
    """The first row for each normalised text."""
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(normalised(row.text), row)
    return list(first.values())


def _index(
    rows: Sequence[Row], sets: Mapping[int, frozenset[str]], rarity: Mapping[str, int], least: float
) -> dict[str, list[int]]:
    index: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        for gram in _prefix(sets[id(row)], rarity, least):
            index[gram].append(place)
    return index


def _prefix(own: frozenset[str], rarity: Mapping[str, int], least: float) -> list[str]:
    """The rarest n-grams, enough of them that any pair above `least` shares one."""
    by_rarity = sorted(own, key=lambda gram: (rarity[gram], gram))
    return by_rarity[: len(by_rarity) - math.ceil(least * len(by_rarity)) + 1]


def _alike(left: frozenset[str], right: frozenset[str], least: float) -> float:
    """The Jaccard index, or 0 if the sizes alone keep it below `least`."""
    if min(len(left), len(right)) < least * max(len(left), len(right)):
        return 0.0
    return jaccard(left, right)


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """The share of both sets' members that the sets have in common."""
    common = len(left & right)
    return common / (len(left) + len(right) - common)
