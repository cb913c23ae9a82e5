# SPDX-License-Identifier: Apache-2.0
"""Reads the scores of each item from a person's own table: CSV, TSV or JSON Lines with columns that the person names."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import Answer, File, Options, Results
from federation.harnesses.content import number_in, number_of, rows_of, text_at, text_of, value_at

NAME: Final = "table"
OPTIONS: Final = frozenset({"item", "score", "cluster", "category", "worst"})

_ABSENT: Final = object()

_Row = tuple[int, Mapping[str, Any]]


def read(files: Sequence[File], options: Options) -> Results:
    """One answer for each row; a record has the mean of an item's rows.

    Raises:
        ContractError: A column is missing, an item has no id, or a score is neither empty nor a number.
    """
    if options.item is None or not options.score:
        raise ContractError(
            "no option says which columns of the table contain the item and its scores",
            hint="Name them, as in: --item id --score accuracy=correct --cluster document",
        )
    answers: list[Answer] = []
    files_by_item: dict[str, str] = {}
    for number, file in enumerate(files, start=1):
        file_answers = list(_answers(file, options, options.item))
        for answer in file_answers:
            if (place := files_by_item.setdefault(answer.item, f"file {number}")) != f"file {number}":
                raise ContractError(
                    f"the item {quoted(answer.item)} is in {place} and in file {number}, {file.name}",
                    hint="These are two runs: convert each to a file of records, and compare those.",
                )
        answers += file_answers
    return Results(
        description=f"item {options.item}; {', '.join(f'{name} = {path}' for name, path in options.score.items())}",
        answers=answers,
    )


def _answers(file: File, options: Options, item: str) -> Iterator[Answer]:
    columns = [item, *options.score.values(), *filter(None, (options.cluster, options.category))]
    text = text_of(file)
    rows = list(rows_of(file)) if text.lstrip().startswith("{") else _csv_rows(file, text, columns)
    _require_columns(file, rows, columns)
    for number, row in rows:
        item_id = text_at(row, item)
        if item_id is None:
            raise ContractError(f"{file.name}: line {number} has nothing in {quoted(item)}; expected the item's id")
        yield Answer(
            item=item_id,
            scores={name: _score(file, number, row, path) for name, path in options.score.items()},
            cluster=text_at(row, options.cluster),
            category=text_at(row, options.category),
        )


def _csv_rows(file: File, text: str, columns: Sequence[str]) -> Sequence[_Row]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in head else ",", strict=True)
    usual = csv.field_size_limit(len(text))  # a whole answer may be in a cell
    try:
        names = list(reader.fieldnames or ())
        if twice := [name for name in columns if names.count(name) > 1]:
            raise ContractError(f"{file.name} has more than one column {quoted(twice[0])}; give each a name of its own")
        return [(reader.line_num, _require_complete(file, reader.line_num, row, len(names))) for row in reader]
    except csv.Error as error:
        raise ContractError(f"{file.name}: line {reader.line_num} is not valid CSV: {error}") from error
    finally:
        csv.field_size_limit(usual)


def _require_complete(file: File, number: int, row: dict[str, Any], columns: int) -> Mapping[str, Any]:
    if None in row or None in row.values():
        raise ContractError(f"{file.name}: line {number} does not have {columns} columns like the first line")
    return row


def _require_columns(file: File, rows: Sequence[_Row], columns: Sequence[str]) -> None:
    if not rows:
        raise ContractError(f"{file.name} has no rows; expected a first line with names, and a line for each item")
    for path in columns:
        if all(value_at(row, path, _ABSENT) is _ABSENT for _, row in rows):
            present = ", ".join(map(quoted, rows[0][1]))
            raise ContractError(f"{file.name} has no column {quoted(path)}; it has {present}")


def _score(file: File, number: int, row: Mapping[str, Any], path: str) -> float | None:
    value = value_at(row, path)
    if value is None or value == "":
        return None
    score = number_in(value) if isinstance(value, str) else number_of(value)
    if score is None:
        text = f"{value!r:.40}"
        raise ContractError(
            f"{file.name}: line {number} has {text} in {quoted(path)}; expected a number, true or false"
        )
    return score
