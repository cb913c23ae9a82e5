# SPDX-License-Identifier: Apache-2.0
"""Turns a tool's answers into records.

Several answers to one item are one record with their mean. An item that was unsafe once is unsafe (ADR 24).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core import records
from federation.core.gates.evidence import SAFETY_SCORE
from federation.core.number_text import counted
from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import Answer, Options, Results


class RecordsFile(msgspec.Struct, frozen=True, kw_only=True):
    """A records file's bytes, the mean of each metric in it, and why other metrics are left out."""

    body: bytes
    items: int
    clusters: int
    metrics: Mapping[str, float]
    left_out: Mapping[str, str]
    notes: Sequence[str]


def records_file(results: Results, options: Options) -> RecordsFile:
    """The records of the answers, in their order.

    Args:
        results: The answers.
        options: The score of an answer without a number, and the required fields.

    Raises:
        ContractError: No metric has a number for every item, or an answer cannot be a record.
    """
    results = _chosen_metrics(results, options)
    metrics = list(dict.fromkeys(metric for answer in results.answers for metric in answer.scores))
    if unknown := [metric for metric in options.worst if metric not in metrics]:
        raise ContractError(
            f"--worst names {quoted(unknown[0])}, which is not a metric of these results; there are {_name_list(metrics)}"
        )
    answers = [_with_worst(answer, results.right_or_wrong, options.worst) for answer in results.answers]
    items = _by_item(answers)
    scores = {metric: [_score(metric, group) for group in items.values()] for metric in metrics}
    columns = {metric: [score for score in column if score is not None] for metric, column in scores.items()}
    columns = {metric: column for metric, column in columns.items() if items and len(column) == len(items)}
    left_out = {
        metric: _left_out_reason(metric, column, items) for metric, column in scores.items() if metric not in columns
    }
    if not columns:
        reasons = tuple(f"{metric}: {why}" for metric, why in left_out.items())
        raise ContractError(
            "no metric has a number for every item, so there are no records", reasons, hint=results.description
        )
    body = _record_lines(items, columns)
    records.read(body, sorted(columns), what="the records made from these results")
    return RecordsFile(
        body=body,
        items=len(items),
        clusters=len({group[0].cluster for group in items.values()} - {None}),
        metrics={metric: math.fsum(map(float, column)) / len(items) for metric, column in sorted(columns.items())},
        left_out=left_out,
        notes=(
            *results.notes,
            *_label_notes(items, options),
            *_repetition_notes(items),
            *_worst_score_notes(results, answers),
        ),
    )


def _chosen_metrics(results: Results, options: Options) -> Results:
    """The answers with only the chosen metrics, under their new names; a table's metrics have theirs already."""
    if options.item is not None or not options.score:
        return results
    metrics = list(dict.fromkeys(metric for answer in results.answers for metric in answer.scores))
    if unknown := [metric for metric in options.score.values() if metric not in metrics]:
        raise ContractError(
            f"--score names {quoted(unknown[0])}, which is not a metric of these results; there are {_name_list(metrics)}"
        )
    answers = [
        replace(answer, scores={name: answer.scores.get(metric) for name, metric in options.score.items()})
        for answer in results.answers
    ]
    right_or_wrong = frozenset(name for name, metric in options.score.items() if metric in results.right_or_wrong)
    return replace(results, answers=answers, right_or_wrong=right_or_wrong)


def _with_worst(answer: Answer, right_or_wrong: Iterable[str], worst: Mapping[str, float]) -> Answer:
    worst_scores = {**(dict.fromkeys(right_or_wrong, 0.0) if answer.failed else {}), **worst}
    missing = {metric: score for metric, score in worst_scores.items() if answer.scores.get(metric) is None}
    return replace(answer, scores={**answer.scores, **missing}) if missing else answer


def _by_item(answers: Iterable[Answer]) -> Mapping[str, Sequence[Answer]]:
    items: dict[str, list[Answer]] = {}
    for answer in answers:
        group = items.setdefault(answer.item, [])
        if group and (group[0].cluster, group[0].category) != (answer.cluster, answer.category):
            raise ContractError(f"answers to the item {quoted(answer.item)} have different clusters or categories")
        group.append(answer)
    return items


def _score(metric: str, group: Sequence[Answer]) -> float | None:
    scores = [score for answer in group if (score := answer.scores.get(metric)) is not None]
    if len(scores) != len(group):
        return None
    if metric == SAFETY_SCORE:
        return min(scores)
    mean = scores[0] if len(scores) == 1 else math.fsum(scores) / len(scores)
    return int(mean) if mean == int(mean) else mean


def _left_out_reason(metric: str, column: Sequence[float | None], items: Mapping[str, Sequence[Answer]]) -> str:
    missing = column.count(None)
    failed = sum(any(answer.failed for answer in group) for group in items.values())
    text = f"{missing:,} of {counted(len(column), 'item')} have no number for it"
    if missing == len(column) and not failed:
        return text
    errors = f", {failed:,} ended in an error" if failed else ""
    return f"{text}{errors}; --worst {metric}=NUMBER gives them the worst score"


def _record_lines(items: Mapping[str, Sequence[Answer]], columns: Mapping[str, Sequence[float]]) -> bytes:
    encode = msgspec.json.Encoder().encode
    lines = []
    for row, (item, group) in enumerate(items.items()):
        record: dict[str, Any] = {"item": item, "cluster": group[0].cluster, "category": group[0].category}
        record = {key: value for key, value in record.items() if value is not None}
        record["scores"] = {metric: columns[metric][row] for metric in sorted(columns)}
        try:
            lines.append(encode(record) + b"\n")
        except UnicodeEncodeError as error:
            raise ContractError(
                f"the item {quoted(item)} has half a surrogate pair in its id, cluster or "
                "category, which is not a character"
            ) from error
    return b"".join(lines)


def _label_notes(items: Mapping[str, Sequence[Answer]], options: Options) -> Sequence[str]:
    """Notes about how many items lack a requested label. ContractError if all do: the field is mistyped."""
    notes = []
    for label, field in (("cluster", options.cluster), ("category", options.category)):
        without = sum(getattr(group[0], label) is None for group in items.values())
        if field is not None and without == len(items):
            raise ContractError(f"no item has a value in {quoted(field)}, the field for its {label}")
        if field is not None and without:
            notes.append(f"{counted(without, 'item')} without a {label}")
    return notes


def _repetition_notes(items: Mapping[str, Sequence[Answer]]) -> Sequence[str]:
    several = sum(len(group) > 1 for group in items.values())
    return (f"{counted(several, 'item')} with more than one answer: the record contains their mean",) if several else ()


def _worst_score_notes(results: Results, answers: Sequence[Answer]) -> Sequence[str]:
    changed = sum(after is not before for before, after in zip(results.answers, answers, strict=True))
    failed = sum(answer.failed for answer in answers)
    errors = (f"{counted(failed, 'answer')} ended in an error",) if failed else ()
    worst = (f"{counted(changed, 'answer')} got the worst score of a metric that had no number",) if changed else ()
    return (*errors, *worst)


def _name_list(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names)) or "none"
