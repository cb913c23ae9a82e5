# SPDX-License-Identifier: Apache-2.0
"""How much of what is wrong is told? Enough to mend it, and never more than an event can carry.

Whoever ships ten thousand bad files must still be told that they are bad.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

MAX_FOUND: Final = 100
"""Faults of one document after which nobody looks for more."""
MAX_TOLD: Final = 20
"""Faults that an event tells one by one; the rest are counted."""
LONGEST: Final = 1000
"""Characters of one fault: a name in it may be as long as its sender likes."""
_SAID: Final = 5
_KEY: Final = 80
_PATH: Final = 500


def found(faults: Iterable[str]) -> tuple[str, ...]:
    """The first faults, looked for no longer than until there are `MAX_FOUND`, and last whether there are more."""
    first = [cut(fault) for fault in islice(faults, MAX_FOUND + 1)]
    if len(first) > MAX_FOUND:
        first[MAX_FOUND] = f"there are more than these {MAX_FOUND}; mend them first"
    return tuple(first)


def told(faults: Sequence[str], most: int = MAX_TOLD) -> tuple[str, ...]:
    """The first faults, and last how many more there are."""
    more = len(faults) - most
    shown = tuple(cut(fault) for fault in faults[:most])
    return (*shown, f"and {more:,} more") if more > 0 else shown


def sentence(faults: Sequence[str]) -> str:
    """The first few faults, as a sentence says them."""
    return "; ".join(told(faults, _SAID))


def below(path: str, key: str) -> str:
    """The path of what lies under a key, cut: long keys around many values must not fill the memory."""
    return cut(f"{path}.{cut(key, _KEY)}", _PATH)


def cut(text: str, longest: int = LONGEST) -> str:
    """The text, or as much of it as is told."""
    return text if len(text) <= longest else f"{text[:longest]}..."
