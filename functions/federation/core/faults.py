# SPDX-License-Identifier: Apache-2.0
"""How many faults are listed, and at what length? Enough to mend a document, and never more than an event can carry.

A manifest of ten thousand bad files must still get an answer that fits into an event.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

MAX_FOUND: Final = 100
"""Faults of one document after which the search stops."""
MAX_TOLD: Final = 20
"""Faults that an event lists one by one; the rest are counted."""
LONGEST: Final = 1000
"""Characters of one fault, since it may quote names of any length."""
_SAID: Final = 5
_KEY: Final = 80
_PATH: Final = 500


def found(faults: Iterable[str]) -> tuple[str, ...]:
    """The first `MAX_FOUND` faults, and if there are more, a last line that says so; the rest is never computed."""
    first = [cut(fault) for fault in islice(faults, MAX_FOUND + 1)]
    if len(first) > MAX_FOUND:
        first[MAX_FOUND] = f"there are more than these {MAX_FOUND} faults; mend these first"
    return tuple(first)


def listed(faults: Sequence[str], most: int = MAX_TOLD) -> tuple[str, ...]:
    """The first `most` faults, and if there are more, a last line with their number."""
    more = len(faults) - most
    shown = tuple(cut(fault) for fault in faults[:most])
    return (*shown, f"and {more:,} more") if more > 0 else shown


def sentence(faults: Sequence[str]) -> str:
    """The first few faults in one sentence."""
    return "; ".join(listed(faults, _SAID))


def below(path: str, key: str) -> str:
    """The path extended by a key, both cut: long keys around many values must not exhaust the memory.

    A key comes from outside: characters that do not print are escaped, so that no key can start a line of its own.
    """
    shown = cut(key, _KEY)
    return cut(f"{path}.{shown if shown.isprintable() else ascii(shown)[1:-1]}", _PATH)


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, cut to `longest` characters and "..." if it is longer."""
    return text if len(text) <= longest else f"{text[:longest]}..."
