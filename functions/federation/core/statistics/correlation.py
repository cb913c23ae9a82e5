# SPDX-License-Identifier: Apache-2.0
"""How often do the members of an ensemble fail together?

A vote only helps as far as errors are independent, so a release states the phi coefficient (Pearson's correlation of
two 0/1 columns, Yule 1912) of every two members on shared items, next to how often both fail.
"""

import math
from collections.abc import Mapping
from itertools import combinations

import msgspec

from federation.core.records import Records
from federation.errors import ContractError


class CoFailure(msgspec.Struct, frozen=True, kw_only=True):
    """On how many shared items two members both fail; `phi` is None if one of them always or never fails."""

    first: str
    second: str
    items: int
    both_fail: int
    phi: float | None


def co_failures(members: Mapping[str, Records], metric: str) -> tuple[CoFailure, ...]:
    """How each two of `members` fail together, where a score below 1 is a failure, in the order of their names.

    Raises:
        ContractError: Members that did not answer the same items.
    """
    names = sorted(members)
    for name in names[1:]:
        if set(members[name].items) != set(members[names[0]].items):
            raise ContractError(f"{name} and {names[0]} have different items; measure every member on one suite")
    return tuple(_pair(first, second, members, metric) for first, second in combinations(names, 2))


def _pair(first: str, second: str, members: Mapping[str, Records], metric: str) -> CoFailure:
    mine = members[first]
    theirs = members[second].ordered(mine.items)
    counts = [0, 0, 0]
    for left, right in zip(mine.scores[metric], theirs.scores[metric], strict=True):
        counts[0] += left < 1.0
        counts[1] += right < 1.0
        counts[2] += left < 1.0 and right < 1.0
    items = len(mine.items)
    one, other, both = (count / items for count in counts)
    spread = one * (1.0 - one) * other * (1.0 - other)
    return CoFailure(
        first=first,
        second=second,
        items=items,
        both_fail=counts[2],
        phi=(both - one * other) / math.sqrt(spread) if spread > 0.0 else None,
    )
