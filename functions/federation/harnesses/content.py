# SPDX-License-Identifier: Apache-2.0
"""Parses the text of result files: JSON, JSON Lines, numbers and members.

Tools write the JSON of Python and JavaScript, NaN included, in files of any size, so `core.strict_json` cannot read it.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from federation.core.record_line import LARGEST
from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import File


def text_of(file: File) -> str:
    """The file's text.

    Raises:
        ContractError: It is not UTF-8.
    """
    try:
        return file.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContractError(f"{file.name} is not text in UTF-8: byte {error.start:,} is {error.reason}") from error


def value_of(text: str | bytes, what: str) -> Any:
    """The JSON value in a text.

    Raises:
        ContractError: It is not JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique_object)
    except json.JSONDecodeError as error:
        raise ContractError(f"{what} is not JSON: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ContractError(f"{what} is not readable JSON: {error}") from error


def _unique_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of the pairs. ValueError if a name is repeated, since nobody knows which value counts."""
    value = dict(pairs)
    if len(value) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"an object has the name {quoted(twice)} more than once")
    return value


def rows_of(file: File) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The number and the object of each line that is not blank.

    Raises:
        ContractError: A line is something else.
    """
    for number, line in enumerate(text_of(file).split("\n"), start=1):
        if line.strip():
            row = value_of(line, f"{file.name}: line {number}")
            if not isinstance(row, dict):
                raise ContractError(f"{file.name}: line {number} is not a JSON object")
            yield number, row


def number_of(value: Any) -> float | None:
    """A score as a number, true and false as 1 and 0; None if it is not a finite number."""
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
        return None
    return value if math.isfinite(value) else None


def number_in(text: str) -> float | None:
    """The number in a text, true and false as 1 and 0; None if there is none."""
    words = {"true": 1, "false": 0}
    stripped = text.strip()
    if stripped.lower() in words:
        return words[stripped.lower()]
    try:
        number = float(stripped)
    except ValueError:
        return None
    return None if "_" in stripped else number_of(number)  # 1_0 is ten to Python only


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def members(value: Any) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def text_at(row: Mapping[str, Any], path: str | None) -> str | None:
    """The value at a path such as `doc.subject`, as text; None if it is absent or empty.

    Raises:
        ContractError: An object or an array is there.
    """
    value = None if path is None else value_at(row, path)
    if value is None or value == "":
        return None
    if isinstance(value, dict | list):
        raise ContractError(f"{quoted(path or '')} is an object or a list; name a field with text or a number in it")
    return str(value)


def value_at(row: Mapping[str, Any], path: str, without: Any = None) -> Any:
    """The value at a path of keys joined by dots, or `without`. A key that contains the dot itself comes first."""
    if path in row:
        return row[path]
    first, _, rest = path.partition(".")
    inner = row.get(first)
    return value_at(inner, rest, without) if rest and isinstance(inner, dict) else without
