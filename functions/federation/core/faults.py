# SPDX-License-Identifier: Apache-2.0
"""Limits how many faults are listed, and their length, so that the list fits into an event.

Even a manifest of ten thousand bad files gets such an answer.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

MAX_FOUND: Final = 100
"""The search for faults in a document stops after this many."""
MAX_LISTED: Final = 20
"""The most faults that an event lists; the rest are only counted."""
LONGEST: Final = 1000
"""The most characters of one fault, which may quote names of any length."""
_MAX_IN_SENTENCE: Final = 5
_LONGEST_KEY: Final = 80
_LONGEST_PATH: Final = 500


def first_faults(faults: Iterable[str]) -> tuple[str, ...]:
    """The first `MAX_FOUND` faults, then a line that says if there are more. The rest is never computed."""
    first = [cut(fault) for fault in islice(faults, MAX_FOUND + 1)]
    if len(first) > MAX_FOUND:
        first[MAX_FOUND] = f"there are more than these {MAX_FOUND} faults; fix these first"
    return tuple(first)


def fault_list(faults: Sequence[str], most: int = MAX_LISTED) -> tuple[str, ...]:
    """The first `most` faults, then a line with the number of the others, if any."""
    more = len(faults) - most
    shown = tuple(cut(fault) for fault in faults[:most])
    return (*shown, f"and {more:,} more") if more > 0 else shown


def sentence(faults: Sequence[str]) -> str:
    """The first few faults in one sentence."""
    return "; ".join(fault_list(faults, _MAX_IN_SENTENCE))


def child_path(path: str, key: str) -> str:
    """The path with a key added. Both are cut, because long keys around many values could exhaust the memory.

    Keys come from outside. Characters that do not print are escaped, so that a key cannot start a new line.
    """
    shown = cut(key, _LONGEST_KEY)
    return cut(f"{path}.{shown if shown.isprintable() else ascii(shown)[1:-1]}", _LONGEST_PATH)


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, cut to `longest` characters and "..." if it is longer."""
    return text if len(text) <= longest else f"{text[:longest]}..."
