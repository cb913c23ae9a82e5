# SPDX-License-Identifier: Apache-2.0
"""Chooses one of several tasks, filters, providers or runs by a person's option, and never guesses."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from federation.core.records import quoted
from federation.errors import ContractError

_SHOWN: Final = 12


def choose_one(kind: str, names: Iterable[str], wanted: str | None, option: str) -> str:
    """The wanted name; without one, the only name.

    Raises:
        ContractError: There are several, or none of that name.
    """
    distinct = list(dict.fromkeys(names))
    if wanted in distinct:
        return wanted
    if wanted is None and len(distinct) == 1:
        return distinct[0]
    raise _refusal(kind, distinct, wanted, f"Choose one: {option} NAME")


def choose_numbered(kind: str, names: Sequence[str], wanted: int | None, option: str) -> int:
    """The index of the name with the wanted number, counted from 1; without a number, of the only name.

    Raises:
        ContractError: There are several, or none of that number.
    """
    if wanted is not None and 1 <= wanted <= len(names):
        return wanted - 1
    if wanted is None and len(names) == 1:
        return 0
    numbered = [f"{number}: {name}" for number, name in enumerate(names, start=1)]
    raise _refusal(
        kind, numbered, None if wanted is None else str(wanted), f"Choose one by its number: {option} NUMBER"
    )


def choose_matching(kind: str, names: Iterable[str], wanted: Sequence[str], option: str) -> list[str]:
    """The names that match a wanted pattern; without patterns, the only name.

    Raises:
        ContractError: There are several names and no pattern, or a pattern matches none.
    """
    distinct = list(dict.fromkeys(names))
    if not wanted and len(distinct) == 1:
        return distinct
    idle = [pattern for pattern in wanted if not any(fnmatchcase(name, pattern) for name in distinct)]
    if not wanted or idle:
        hint = f"Choose one with {option} NAME, or several that make one suite: {option} 'mmlu_*', or {option} '*'"
        raise _refusal(kind, distinct, idle[0] if idle else None, hint)
    return [name for name in distinct if any(fnmatchcase(name, pattern) for pattern in wanted)]


def _refusal(kind: str, names: Sequence[str], wanted: str | None, hint: str) -> ContractError:
    shown = ", ".join(quoted(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    if not names:
        return ContractError(f"the results have no {kind}")
    if wanted is not None:
        return ContractError(f"the results have no {kind} {quoted(wanted)}; they have {shown}{more}", hint=f"{hint}.")
    return ContractError(f"the results have more than one {kind}: {shown}{more}", hint=f"{hint}.")
