# SPDX-License-Identifier: Apache-2.0
"""How often do the members of an ensemble fail together?

A vote helps only if errors are independent. So a release states how often each pair of members fails together on shared
items, and the phi coefficient (Pearson's correlation of two 0/1 columns, Yule 1912).
"""

import math
from collections.abc import Mapping
from itertools import combinations

import msgspec

from federation.core.records import Records
from federation.errors import ContractError


class CoFailure(msgspec.Struct, frozen=True, kw_only=True):
    """The number of shared items on which two members both fail. `phi` is None if one of them always or never fails."""

    first: str
    second: str
    items: int
    both_fail: int
    phi: float | None


def co_failures(members: Mapping[str, Records], metric: str) -> tuple[CoFailure, ...]:
    """How each pair of members fails together, in the order of their names. A score below 1 is a failure.

    Raises:
        ContractError: The members have different items.
    """
    names = sorted(members)
    for name in names[1:]:
        if set(members[name].items) != set(members[names[0]].items):
            raise ContractError(f"{name} and {names[0]} have different items; measure every member on one suite")
    return tuple(_co_failure(first, second, members, metric) for first, second in combinations(names, 2))


def _co_failure(first: str, second: str, members: Mapping[str, Records], metric: str) -> CoFailure:
    mine = members[first]
    theirs = members[second].ordered(mine.items)
    counts = [0, 0, 0]
    for my_score, their_score in zip(mine.scores[metric], theirs.scores[metric], strict=True):
        counts[0] += my_score < 1.0
        counts[1] += their_score < 1.0
        counts[2] += my_score < 1.0 and their_score < 1.0
    items = len(mine.items)
    first_rate, second_rate, both_rate = (count / items for count in counts)
    spread = first_rate * (1.0 - first_rate) * second_rate * (1.0 - second_rate)
    return CoFailure(
        first=first,
        second=second,
        items=items,
        both_fail=counts[2],
        phi=(both_rate - first_rate * second_rate) / math.sqrt(spread) if spread > 0.0 else None,
    )
