# SPDX-License-Identifier: Apache-2.0
"""How do two documents differ?"""

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final


class _Absent:
    """The value of a member that only the other document has."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT: Final = _Absent()


def differences(path: str, then: Any, now: Any) -> Iterator[str]:
    """A sentence for each difference: its path, the earlier value and the later one.

    Args:
        path: The path of both values.
        then: The earlier value.
        now: The later value.
    """
    if isinstance(then, dict) and isinstance(now, dict):
        yield from member_differences(then, now, f"{path}.")
    elif isinstance(then, list) and isinstance(now, list):
        for number, (one, other) in enumerate(zip_longest(then, now, fillvalue=_ABSENT)):
            yield from differences(f"{path}[{number}]", one, other)
    elif then != now:
        yield f"{path}: was {_shown(then)}, is {_shown(now)}"


def _shown(value: Any) -> str:
    """Text in quotes, any other value as JSON; at most 200 characters."""
    return f"{value!r:.200}" if isinstance(value, (str, _Absent)) else json.dumps(value, ensure_ascii=False)[:200]


def member_differences(then: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """As `differences`, of two objects; each path is `prefix` and the path of a member."""
    for key in sorted({*then, *now}):
        yield from differences(f"{prefix}{key}", then.get(key, _ABSENT), now.get(key, _ABSENT))
