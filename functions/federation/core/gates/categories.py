# SPDX-License-Identifier: Apache-2.0
"""Does each category keep its own margin? A suite's mean could hide the loss of a few items.

The comparison of the whole suite is repeated on each category's items alone. The baseline says which items a category
has. A candidate that says otherwise is inconclusive, because the next unit will be compared with it. Only a category
that the baseline does not have at all may be new.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from federation.core.faults import cut
from federation.core.gates.finding import Finding
from federation.core.gates.flaky import without
from federation.core.gates.labels import category_change
from federation.core.gates.paired import Question, judge_items, undecided
from federation.core.gates.rules import EVERY, QualityRule
from federation.core.records import Records, quoted
from federation.core.statistics.comparison import item_difference, score_range_of

MOST: Final = 100
"""The most categories that a rule may bound, named or not."""
_MAX_EXAMPLES: Final = 10
_MAX_LABEL: Final = 80


class Sides(NamedTuple):
    """The candidate's records and the opponent's."""

    ours: Records
    others: Records


def judge_categories(rule: QualityRule, opponent: str, whole: Sides, steady: Sides) -> Iterator[Finding]:
    """One finding for each category that `rule` bounds; none if the items differ, which the suite's finding says.

    Args:
        rule: Names the categories.
        opponent: "baseline" or "anchor".
        whole: Both sides' records.
        steady: The same records without flaky items.
    """
    if not rule.categories or item_difference(*whole) is not None:
        return
    counts = Counter(filter(None, whole.ours.categories or ()))
    margins = _margins(rule, counts)
    fault = _fault(rule, opponent, whole, len(counts), len(margins))
    if fault is not None:
        yield undecided(f"{rule.metric} by category against {opponent}", fault)
        return
    ours = steady.ours
    sides = Sides(ours, steady.others.ordered(ours.items))
    suite_range, rows = score_range_of(*sides, rule.metric), _rows_by_category(ours.categories or ())
    for category, margin in margins.items():
        label = _label(category)
        question = Question(
            rule=rule,
            check=f"{rule.metric} in {label} against {opponent}",
            what=f"{rule.metric} in {label}",
            opponent=opponent,
            margin=float(margin),
            suite_range=suite_range,
            ending=without(counts[category] - len(rows[category])),
        )
        finding = _category_finding(
            question, category, counts, *(_category_records(side, rule.metric, rows[category]) for side in sides)
        )
        yield replace(finding, numbers={"category": category, **finding.numbers})


def _margins(rule: QualityRule, counts: Mapping[str, int]) -> Mapping[str, Decimal]:
    """The margin of each bounded category."""
    margins = {category: margin for category, margin in rule.categories.items() if category != EVERY}
    if EVERY in rule.categories:
        margins = {**dict.fromkeys(counts, rule.categories[EVERY]), **margins}
    return dict(sorted(margins.items()))


def _fault(rule: QualityRule, opponent: str, whole: Sides, category_count: int, bounded: int) -> str | None:
    """A sentence that says why no category can be judged; None if they can."""
    difference = category_change(*whole)
    if difference is not None:
        return f"{difference}: state the categories that the {opponent}'s records state"
    if EVERY in rule.categories and not category_count:
        return (
            f"the policy bounds every category, but no item of {whole.ours.what} has a category: state the categories"
        )
    if bounded > MOST:
        return f"the policy bounds {bounded:,} categories, but at most {MOST} can be judged: name those that matter"
    return None


def _category_finding(
    question: Question, category: str, counts: Mapping[str, int], ours: Records, others: Records
) -> Finding:
    if category not in counts:
        return undecided(
            question.check, f"no item of {ours.what} is in category {_label(category)}; {_existing_categories(counts)}"
        )
    if not ours.items:
        reason = f"the policy lists every item of category {_label(category)} as flaky; fix the suite"
        return undecided(question.check, reason)
    return judge_items(question, ours, others)


def _existing_categories(counts: Mapping[str, int]) -> str:
    """A clause with the categories that exist, and what to do."""
    if not counts:
        return "the records state no categories: state them"
    names = sorted(counts)
    more = f" and {len(names) - _MAX_EXAMPLES:,} more" if len(names) > _MAX_EXAMPLES else ""
    return f"there are {', '.join(map(_label, names[:_MAX_EXAMPLES]))}{more}: correct the policy or the records"


def _label(category: str) -> str:
    return cut(quoted(category), _MAX_LABEL)


def _rows_by_category(categories: Sequence[str | None]) -> Mapping[str | None, Sequence[int]]:
    rows: defaultdict[str | None, list[int]] = defaultdict(list)
    for row, category in enumerate(categories):
        rows[category].append(row)
    return rows


def _category_records(records: Records, metric: str, rows: Sequence[int]) -> Records:
    """The given rows, with the scores of `metric` only."""
    clusters, column = records.clusters, records.scores[metric]
    return Records(
        what=records.what,
        items=[records.items[row] for row in rows],
        scores={metric: [column[row] for row in rows]},
        clusters=None if clusters is None else [clusters[row] for row in rows],
    )
