# SPDX-License-Identifier: Apache-2.0
"""Measures flaky items: how often does each item score differently when one unit runs the suite again?"""

from collections import Counter
from collections.abc import Mapping, Sequence

from federation.core.records import Records
from federation.core.statistics.comparison import item_difference
from federation.errors import ContractError


def disagreement(runs: Sequence[Records], metric: str) -> Mapping[str, float]:
    """The share of all pairs of runs that scored each item differently, in 0..1.

    Args:
        runs: Runs of the same unit on the same items, in any order of items.
        metric: A score that every run contains.

    Raises:
        ContractError: Fewer than two runs, or runs with different items.
    """
    if len(runs) < 2:  # noqa: PLR2004 - a pair
        raise ContractError("one run does not show which items are flaky; name two or more files of records")
    first = runs[0]
    for run in runs[1:]:
        if difference := item_difference(run, first):
            raise ContractError(difference)
    columns = [run.ordered(first.items).scores[metric] for run in runs]
    return {item: _disagreement(scores) for item, scores in zip(first.items, zip(*columns, strict=True), strict=True)}


def _disagreement(scores: Sequence[float]) -> float:
    pairs = _pair_count(len(scores))
    return (pairs - sum(map(_pair_count, Counter(scores).values()))) / pairs


def _pair_count(count: int) -> int:
    return count * (count - 1) // 2
