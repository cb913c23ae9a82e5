# SPDX-License-Identifier: Apache-2.0
"""What are the router's inputs for a text? The numbers of the buckets that its character n-grams hash into."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

GRAMS: Final = (2, 3, 4, 5)
"""Lengths of n-grams in characters; the edge of a word counts as a character."""
LONGEST: Final = 240
"""Most characters of a text. A longer text keeps its end, where jailbreaks put the request."""

Encoded = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The buckets of several texts one after another, and where each text begins."""


def buckets(text: str, number: int) -> list[int]:
    """The bucket of every n-gram, by CRC-32: the same on every machine, unlike Python's own hash."""
    return [zlib.crc32(gram.encode()) % number for gram in _grams(text)] or [0]


def encoded(texts: Sequence[str], number: int) -> list[NDArray[np.int64]]:
    """The buckets of every text."""
    return [np.asarray(buckets(text, number), dtype=np.int64) for text in texts]


def joined(rows: Sequence[NDArray[np.int64]]) -> Encoded:
    """Several texts as one array, and where each begins."""
    begins = np.cumsum([0, *(len(row) for row in rows[:-1])], dtype=np.int64)
    return np.concatenate(rows), begins


def _grams(text: str) -> Iterator[str]:
    words = " ".join(text.lower().split())[-LONGEST:]
    padded = f" {words} "
    for length in GRAMS:
        for begin in range(len(padded) - length + 1):
            yield padded[begin : begin + length]
    yield from words.split()
