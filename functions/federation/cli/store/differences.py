# SPDX-License-Identifier: Apache-2.0
"""In what do two documents differ?"""

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final


class _Absent:
    """What stands where only the other document has a value."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT: Final = _Absent()


def differences(path: str, then: Any, now: Any) -> Iterator[str]:
    """Each place at which they differ, and what it was and is.

    Args:
        path: Of both.
        then: The earlier one.
        now: The later one.
    """
    if isinstance(then, dict) and isinstance(now, dict):
        yield from member_differences(then, now, f"{path}.")
    elif isinstance(then, list) and isinstance(now, list):
        for number, (one, other) in enumerate(zip_longest(then, now, fillvalue=_ABSENT)):
            yield from differences(f"{path}[{number}]", one, other)
    elif then != now:
        yield f"{path}: was {_told(then)}, is {_told(now)}"


def _told(value: Any) -> str:
    """A text in quotes, anything else as JSON has it."""
    return f"{value!r:.200}" if isinstance(value, (str, _Absent)) else json.dumps(value, ensure_ascii=False)[:200]


def member_differences(then: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The same of two objects, each place after `prefix` by its path from a member on."""
    for key in sorted({*then, *now}):
        yield from differences(f"{prefix}{key}", then.get(key, _ABSENT), now.get(key, _ABSENT))
