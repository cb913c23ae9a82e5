# SPDX-License-Identifier: Apache-2.0
"""Which of several tasks, filters, providers or runs does a person mean? What is not said is never guessed."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from federation.core.records import quoted
from federation.errors import ContractError

_SHOWN: Final = 12


def the_one(kind: str, names: Iterable[str], wanted: str | None, option: str) -> str:
    """The name that is wanted, or the only one.

    Raises:
        ContractError: There are several, or none of that name.
    """
    known = list(dict.fromkeys(names))
    if wanted in known:
        return wanted
    if wanted is None and len(known) == 1:
        return known[0]
    raise _refusal(kind, known, wanted, f"Choose one: {option} NAME")


def the_numbered(kind: str, names: Sequence[str], wanted: int | None, option: str) -> int:
    """The index of what is wanted by its number from 1, or of the only one.

    Raises:
        ContractError: There are several, or none of that number.
    """
    if wanted is not None and 1 <= wanted <= len(names):
        return wanted - 1
    if wanted is None and len(names) == 1:
        return 0
    known = [f"{number}: {name}" for number, name in enumerate(names, start=1)]
    raise _refusal(kind, known, None if wanted is None else str(wanted), f"Choose one by its number: {option} NUMBER")


def those(kind: str, names: Iterable[str], wanted: Sequence[str], option: str) -> list[str]:
    """The names that match one of the patterns, or the only one.

    Raises:
        ContractError: There are several and nothing is wanted, or a pattern matches none.
    """
    known = list(dict.fromkeys(names))
    if not wanted and len(known) == 1:
        return known
    idle = [pattern for pattern in wanted if not any(fnmatchcase(name, pattern) for name in known)]
    if not wanted or idle:
        hint = f"Choose one with {option} NAME, or several that make one suite: {option} 'mmlu_*', or {option} '*'"
        raise _refusal(kind, known, idle[0] if idle else None, hint)
    return [name for name in known if any(fnmatchcase(name, pattern) for pattern in wanted)]


def _refusal(kind: str, known: Sequence[str], wanted: str | None, hint: str) -> ContractError:
    shown = ", ".join(quoted(name) for name in known[:_SHOWN])
    more = f" and {len(known) - _SHOWN:,} more" if len(known) > _SHOWN else ""
    if not known:
        return ContractError(f"the results have no {kind}")
    if wanted is not None:
        return ContractError(f"the results have no {kind} {quoted(wanted)}; they have {shown}{more}", hint=f"{hint}.")
    return ContractError(f"the results have more than one {kind}: {shown}{more}", hint=f"{hint}.")
