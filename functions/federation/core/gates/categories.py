# SPDX-License-Identifier: Apache-2.0
"""Does each category that a policy names keep its own margin, so that a suite's mean cannot hide the loss of a few items?

The comparison of the whole suite is repeated on each category's items alone. A category has the items that the baseline
states. A candidate that states others is inconclusive, since its own statement is what the next unit is held to; only a
category that the baseline does not have at all may be new.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from federation.core.faults import cut
from federation.core.gates.finding import Finding
from federation.core.gates.flaky import without
from federation.core.gates.labels import regrouped
from federation.core.gates.paired import Question, judge_items, undecided
from federation.core.gates.rules import EVERY, QualityRule
from federation.core.records import Records, quoted
from federation.core.statistics.comparison import reach_of, unshared

MOST: Final = 100
"""Categories that a rule may bound: as many as a policy can name, also where it names none of them."""
_EXAMPLES: Final = 10
_SHOWN: Final = 80


class Sides(NamedTuple):
    """The candidate's records and the opponent's."""

    ours: Records
    others: Records


def judge_categories(rule: QualityRule, opponent: str, whole: Sides, steady: Sides) -> Iterator[Finding]:
    """One finding for each category that `rule` bounds; none where the items differ, which the whole suite's tells.

    Args:
        rule: Names the categories.
        opponent: The baseline or the anchor, by that word.
        whole: Both sides' records.
        steady: The same without the items that the policy lists as flaky.
    """
    if not rule.categories or unshared(*whole) is not None:
        return
    stated = Counter(filter(None, whole.ours.categories or ()))
    margins = _margins(rule, stated)
    fault = _fault(rule, opponent, whole, len(stated), len(margins))
    if fault is not None:
        yield undecided(f"{rule.metric} by category against {opponent}", fault)
        return
    ours = steady.ours
    sides = Sides(ours, steady.others.ordered(ours.items))
    reach, rows = reach_of(*sides, rule.metric), _rows(ours.categories or ())
    for category, margin in margins.items():
        shown = _shown(category)
        question = Question(
            rule=rule,
            check=f"{rule.metric} in {shown} against {opponent}",
            what=f"{rule.metric} in {shown}",
            opponent=opponent,
            margin=float(margin),
            reach=reach,
            ending=without(stated[category] - len(rows[category])),
        )
        found = _judged(question, category, stated, *(_picked(side, rule.metric, rows[category]) for side in sides))
        yield replace(found, numbers={"category": category, **found.numbers})


def _margins(rule: QualityRule, stated: Mapping[str, int]) -> Mapping[str, Decimal]:
    """The margin of each category that is bounded."""
    named = {category: margin for category, margin in rule.categories.items() if category != EVERY}
    if EVERY in rule.categories:
        named = {**dict.fromkeys(stated, rule.categories[EVERY]), **named}
    return dict(sorted(named.items()))


def _fault(rule: QualityRule, opponent: str, whole: Sides, stated: int, bounded: int) -> str | None:
    """Why no category can be judged, as a sentence; None if they can be."""
    moved = regrouped(*whole)
    if moved is not None:
        return f"{moved}: state the categories that the {opponent}'s records state"
    if EVERY in rule.categories and not stated:
        return f"the policy bounds every category, but no item of {whole.ours.what} is in one: state the categories"
    if bounded > MOST:
        return (
            f"the policy bounds {bounded:,} categories, of which at most {MOST} can be judged: name those that matter"
        )
    return None


def _judged(question: Question, category: str, stated: Mapping[str, int], ours: Records, others: Records) -> Finding:
    if category not in stated:
        return undecided(question.check, f"no item of {ours.what} is in category {_shown(category)}; {_known(stated)}")
    if not ours.items:
        told = f"the policy lists every item of category {_shown(category)} as flaky; mend the suite"
        return undecided(question.check, told)
    return judge_items(question, ours, others)


def _known(stated: Mapping[str, int]) -> str:
    """The categories that exist, as the end of a sentence that says what to do."""
    if not stated:
        return "the records state no categories: state them"
    names = sorted(stated)
    more = f" and {len(names) - _EXAMPLES:,} more" if len(names) > _EXAMPLES else ""
    return f"there are {', '.join(map(_shown, names[:_EXAMPLES]))}{more}: correct the policy or the records"


def _shown(category: str) -> str:
    return cut(quoted(category), _SHOWN)


def _rows(categories: Sequence[str | None]) -> Mapping[str | None, Sequence[int]]:
    found: defaultdict[str | None, list[int]] = defaultdict(list)
    for row, category in enumerate(categories):
        found[category].append(row)
    return found


def _picked(records: Records, metric: str, rows: Sequence[int]) -> Records:
    """Only these rows, and of their scores only `metric`."""
    clusters, column = records.clusters, records.scores[metric]
    return Records(
        what=records.what,
        items=[records.items[row] for row in rows],
        scores={metric: [column[row] for row in rows]},
        clusters=None if clusters is None else [clusters[row] for row in rows],
    )
