# SPDX-License-Identifier: Apache-2.0
"""Which records do a tool's answers make?

Several answers to one item are one record with their mean. What was unsafe once is unsafe (ADR 24).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core import records
from federation.core.counted import counted
from federation.core.gates.evidence import SAFETY_SCORE
from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import Answer, Asked, Found


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A records file's bytes, the mean of each metric in it, and why others are not; `clusters` is 0 without any."""

    body: bytes
    items: int
    clusters: int
    metrics: Mapping[str, float]
    left_out: Mapping[str, str]
    notes: Sequence[str]


def made(found: Found, asked: Asked) -> Made:
    """The records of what was found, in its order.

    Args:
        found: The answers.
        asked: What an answer without a number scores, and which fields have to be there.

    Raises:
        ContractError: No metric has a number for every item, or an answer cannot be a record.
    """
    found = _named(found, asked)
    stated = list(dict.fromkeys(metric for answer in found.answers for metric in answer.scores))
    if unknown := [metric for metric in asked.worst if metric not in stated]:
        raise ContractError(f"--worst names {quoted(unknown[0])}, which is no metric here; there are {_listed(stated)}")
    answers = [_with_worst(answer, found.right_or_wrong, asked.worst) for answer in found.answers]
    items = _by_item(answers)
    scores = {metric: [_score(metric, given) for given in items.values()] for metric in stated}
    kept = {metric: [score for score in column if score is not None] for metric, column in scores.items()}
    kept = {metric: column for metric, column in kept.items() if items and len(column) == len(items)}
    left_out = {metric: _why(metric, column, items) for metric, column in scores.items() if metric not in kept}
    if not kept:
        told = tuple(f"{metric}: {why}" for metric, why in left_out.items())
        raise ContractError("no metric has a number for every item, so there are no records", told, hint=found.of)
    body = _lines(items, kept)
    records.read(body, sorted(kept), what="what these results would make")
    return Made(
        body=body,
        items=len(items),
        clusters=len({given[0].cluster for given in items.values()} - {None}),
        metrics={metric: math.fsum(map(float, column)) / len(items) for metric, column in sorted(kept.items())},
        left_out=left_out,
        notes=(*found.notes, *_unlabelled(items, asked), *_repeated(items), *_punished(found, answers)),
    )


def _named(found: Found, asked: Asked) -> Found:
    """Only the metrics that were asked for, under the names they are to have; a table's have theirs already."""
    if asked.item is not None or not asked.score:
        return found
    known = list(dict.fromkeys(metric for answer in found.answers for metric in answer.scores))
    if unknown := [metric for metric in asked.score.values() if metric not in known]:
        raise ContractError(f"--score names {quoted(unknown[0])}, which is no metric here; there are {_listed(known)}")
    answers = [
        replace(answer, scores={name: answer.scores.get(metric) for name, metric in asked.score.items()})
        for answer in found.answers
    ]
    surely = frozenset(name for name, metric in asked.score.items() if metric in found.right_or_wrong)
    return replace(found, answers=answers, right_or_wrong=surely)


def _with_worst(answer: Answer, right_or_wrong: Iterable[str], worst: Mapping[str, float]) -> Answer:
    given = {**(dict.fromkeys(right_or_wrong, 0.0) if answer.failed else {}), **worst}
    missing = {metric: score for metric, score in given.items() if answer.scores.get(metric) is None}
    return replace(answer, scores={**answer.scores, **missing}) if missing else answer


def _by_item(answers: Iterable[Answer]) -> Mapping[str, Sequence[Answer]]:
    items: dict[str, list[Answer]] = {}
    for answer in answers:
        given = items.setdefault(answer.item, [])
        if given and (given[0].cluster, given[0].category) != (answer.cluster, answer.category):
            raise ContractError(f"answers to the item {quoted(answer.item)} have different clusters or categories")
        given.append(answer)
    return items


def _score(metric: str, given: Sequence[Answer]) -> float | None:
    scores = [score for answer in given if (score := answer.scores.get(metric)) is not None]
    if len(scores) != len(given):
        return None
    if metric == SAFETY_SCORE:
        return min(scores)
    mean = scores[0] if len(scores) == 1 else math.fsum(scores) / len(scores)
    return int(mean) if mean == int(mean) else mean


def _why(metric: str, column: Sequence[float | None], items: Mapping[str, Sequence[Answer]]) -> str:
    missing = column.count(None)
    failed = sum(any(answer.failed for answer in given) for given in items.values())
    told = f"{missing:,} of {counted(len(column), 'item')} have no number for it"
    if missing == len(column) and not failed:
        return told
    errors = f", {failed:,} ended in an error" if failed else ""
    return f"{told}{errors}; --worst {metric}=NUMBER gives them the worst score"


def _lines(items: Mapping[str, Sequence[Answer]], kept: Mapping[str, Sequence[float]]) -> bytes:
    encode = msgspec.json.Encoder().encode
    lines = []
    for row, (item, given) in enumerate(items.items()):
        record: dict[str, Any] = {"item": item, "cluster": given[0].cluster, "category": given[0].category}
        record = {key: value for key, value in record.items() if value is not None}
        record["scores"] = {metric: kept[metric][row] for metric in sorted(kept)}
        try:
            lines.append(encode(record) + b"\n")
        except UnicodeEncodeError as error:
            raise ContractError(f"the item {quoted(item)} has half a character in its names") from error
    return b"".join(lines)


def _unlabelled(items: Mapping[str, Sequence[Answer]], asked: Asked) -> Sequence[str]:
    """How many items lack a label that was asked for; all of them is a mistyped field."""
    notes = []
    for label, field in (("cluster", asked.cluster), ("category", asked.category)):
        without = sum(getattr(given[0], label) is None for given in items.values())
        if field is not None and without == len(items):
            raise ContractError(f"no item says anything in {quoted(field)}, which was to be its {label}")
        if field is not None and without:
            notes.append(f"{counted(without, 'item')} without a {label}")
    return notes


def _repeated(items: Mapping[str, Sequence[Answer]]) -> Sequence[str]:
    several = sum(len(given) > 1 for given in items.values())
    return (f"{counted(several, 'item')} with more than one answer: the record has their mean",) if several else ()


def _punished(found: Found, answers: Sequence[Answer]) -> Sequence[str]:
    changed = sum(after is not before for before, after in zip(found.answers, answers, strict=True))
    failed = sum(answer.failed for answer in answers)
    errors = (f"{counted(failed, 'answer')} ended in an error",) if failed else ()
    worst = (f"{counted(changed, 'answer')} got the worst score of a metric that had no number",) if changed else ()
    return (*errors, *worst)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names)) or "none"
