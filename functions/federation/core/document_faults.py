# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a document that strict JSON refuses: with its keys and numbers, and by the schema that it names?"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final, cast

from federation.core import contract
from federation.core.contract import SCHEMA_NAMES, SchemaName
from federation.core.faults import MAX_FOUND, child_path, first_faults

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader returns unchanged (RFC 8785 section 3.2.2.3)."""


def document_faults(value: Any, repeats: Sequence[tuple[Mapping[str, Any], str]]) -> tuple[str, ...]:
    """Each fault with its path; none if the keys and numbers are those of a document, whatever its schema says.

    Args:
        value: A JSON value.
        repeats: Each (object, repeated key) in it.
    """
    numbers = dict(islice(_number_faults(value, "$"), MAX_FOUND + 1))
    if not numbers and not repeats:
        return ()
    by_schema = _schema_faults(value)
    for path in list(numbers):
        same = [fault for fault in by_schema if fault.startswith(f"{path}: ")]
        if any(fault.startswith(f"{path}: expected string") for fault in same):
            by_schema = [fault for fault in by_schema if fault not in same]  # how to write it as text says more
        elif same:
            del numbers[path]  # text is not what the schema expects here
    stated = (f"{path}: {fault}" for path, fault in numbers.items())
    return first_faults(chain(_repeat_faults(value, repeats), stated, by_schema))


def _schema_faults(value: Any) -> list[str]:
    """The faults by the schema that a document names; none if it names none of ours."""
    name = value.get("schema") if isinstance(value, dict) else None
    known = isinstance(name, str) and name in SCHEMA_NAMES
    return list(contract.faults(cast("SchemaName", name), value)) if known else []


def _repeat_faults(value: Any, every: Sequence[tuple[Mapping[str, Any], str]]) -> Iterator[str]:
    repeats = every[: MAX_FOUND + 1]
    holders = {id(holder) for holder, _ in repeats}
    paths = {id(inner): path for path, inner in _objects(value, "$") if id(inner) in holders} if holders else {}
    for holder, key in repeats:
        yield f"{child_path(paths.get(id(holder), '$...'), key)}: the key is repeated; keep one"


def _number_faults(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each number that canonical bytes cannot represent exactly: its path and the fault."""
    if isinstance(value, float):
        text = "Infinity" if math.isinf(value) else repr(value)
        yield path, f'{text} is a float; write decimals as text, such as "{text}"{_whole_number_hint(value)}'
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INTEGER:
        yield path, f"{value} has more than 53 bits; write it as text"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _number_faults(inner, child_path(path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _number_faults(inner, f"{path}[{index}]")


def _whole_number_hint(value: float) -> str:
    """What to write for a number such as 15.0, which JSON Schema takes for an integer."""
    return f", and integers without a point: {int(value)}" if value.is_integer() and abs(value) <= MAX_INTEGER else ""


def _objects(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object in a value, with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from _objects(inner, child_path(path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _objects(inner, f"{path}[{index}]")
