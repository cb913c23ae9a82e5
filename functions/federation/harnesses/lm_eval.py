# SPDX-License-Identifier: Apache-2.0
"""Reads lm-evaluation-harness's scores: `samples_TASK_DATE.jsonl`, which `--log_samples` writes.

Read from and tried with 0.4.13: `evaluator.py` makes a line for each document and filter, `loggers/evaluation_tracker.py`
writes it. A metric of a whole corpus (perplexity, MCC) is a list there, not a number per item. Before 0.4.7 a
line named neither its filter nor its metrics.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import Answer, File, Options, Results
from federation.harnesses.choice import choose_matching, choose_one
from federation.harnesses.content import members, number_of, rows_of, text_at

NAME: Final = "lm-evaluation-harness"
OPTIONS: Final = frozenset({"task", "filter", "score", "cluster", "category", "worst"})
_FILE_NAME: Final = re.compile(r"samples_(.+)_\d{4}-\d\d-\d\dT[\d.:-]+\.jsonl")
_ONE_FILTER: Final = "none"
_DIGITS: Final = 12

_Sample = tuple[int, Mapping[str, Any]]


def is_line(row: Mapping[str, Any]) -> bool:
    """Whether a line's object is a sample."""
    return "doc_id" in row and ("filtered_resps" in row or "doc_hash" in row)


def read(files: Sequence[File], options: Options) -> Results:
    """The samples of one task, or of several tasks as one suite, in which a task is its items' category.

    Raises:
        ContractError: A line is not a sample, or more than one task or filter is there and none was chosen.
    """
    by_task = _by_task(files)
    tasks = choose_matching("task", by_task, options.task, "--task")
    samples = {task: _samples(by_task[task]) for task in tasks}
    filters = _filters(samples, options.filter)
    is_single = len(tasks) == 1
    answers: list[Answer] = []
    for task in tasks:
        filtered = [sample for sample in samples[task] if _filter(sample[1]) == filters[task]]
        _require_unique(by_task[task], filtered)
        answers += _answers(filtered, "" if is_single else task, options)
    title = f"task {tasks[0]}" if is_single else f"{len(tasks)} tasks, each a category: {', '.join(tasks)}"
    return Results(
        description=f"{title}; filter {', '.join(dict.fromkeys(filters.values()))}",
        answers=answers,
        notes=_twin_notes(answers, options),
    )


def _by_task(files: Sequence[File]) -> Mapping[str, File]:
    files_by_task: dict[str, File] = {}
    for file in files:
        match = _FILE_NAME.fullmatch(file.name)
        task = match[1] if match else file.name.removesuffix(".jsonl")
        if task in files_by_task:
            raise ContractError(
                f"{files_by_task[task].name} and {file.name} are both results of the task {quoted(task)}",
                hint="These are two runs or two models: name the file of one, and compare its records with the other's.",
            )
        files_by_task[task] = file
    return files_by_task


def _samples(file: File) -> list[_Sample]:
    samples = list(rows_of(file))
    for number, row in samples:
        if not is_line(row):
            raise ContractError(f"{file.name}: line {number} is not a sample of {NAME}: it has no doc_id")
        if not isinstance(row.get("metrics"), list):
            raise ContractError(
                f"{file.name}: line {number} does not name its metrics, as {NAME} does from 0.4.7 on",
                hint=f"Run it again with {NAME} 0.4.7 or later.",
            )
    if not samples:
        raise ContractError(f"{file.name} is empty; {NAME} writes a line for each document")
    return samples


def _filters(samples: Mapping[str, Sequence[_Sample]], wanted: str | None) -> Mapping[str, str]:
    """Each task's filter: its only one, else the wanted one, which at least one task must have."""
    names_by_task = {task: list(dict.fromkeys(_filter(row) for _, row in rows)) for task, rows in samples.items()}
    if wanted is not None:
        choose_one("filter", (name for names in names_by_task.values() for name in names), wanted, "--filter")
    return {
        task: names[0] if len(names) == 1 else choose_one("filter", names, wanted, "--filter")
        for task, names in names_by_task.items()
    }


def _filter(row: Mapping[str, Any]) -> str:
    return str(row.get("filter", _ONE_FILTER))


def _require_unique(file: File, samples: Sequence[_Sample]) -> None:
    first_lines: dict[str, int] = {}
    for number, row in samples:
        first = first_lines.setdefault(_item_id(row), number)
        if first != number:
            raise ContractError(
                f"{file.name}: line {number} repeats the document of line {first}",
                hint="Two runs are in this file: keep the lines of one.",
            )


def _answers(samples: Sequence[_Sample], task: str, options: Options) -> Iterator[Answer]:
    """The answers. Two documents with the same content are one question asked twice, so they share a cluster."""
    times = Counter(_content_hash(row) for _, row in samples)
    for _, row in samples:
        content = _content_hash(row)
        twin = f"{task}/{content}" if content and times[content] > 1 else None
        yield Answer(
            item=f"{task}/{_item_id(row)}" if task else _item_id(row),
            scores={str(metric): number_of(row.get(str(metric))) for metric in members(row.get("metrics"))},
            cluster=twin if options.cluster is None else text_at(row, options.cluster),
            category=(task or None) if options.category is None else text_at(row, options.category),
        )


def _item_id(row: Mapping[str, Any]) -> str:
    """The document's number and the start of its hash, so that a changed suite has other items."""
    return f"{row['doc_id']}-{_content_hash(row)[:_DIGITS]}".removesuffix("-")


def _content_hash(row: Mapping[str, Any]) -> str:
    """The hash of the document, or ""."""
    return str(row.get("doc_hash") or "")


def _twin_notes(answers: Sequence[Answer], options: Options) -> Sequence[str]:
    shared = 0 if options.cluster else sum(answer.cluster is not None for answer in answers)
    return (f"{shared:,} items have the same content as another: they share its cluster",) if shared else ()
