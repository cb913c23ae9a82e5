# SPDX-License-Identifier: Apache-2.0
"""Which requests test a consortium's model: which must it answer, and which must it refuse?

The server has no rows, so requests are made from the table's name and public bounds alone: the same on every machine
and for every model. Draws are hashes of their own names, so they depend on no library's random numbers.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from training_images.data.rows import Row, digest, short
from training_images.data.splits import place
from training_images.evals.labels import ALLOW, REFUSE
from training_images.evals.suite import Part
from training_images.federated.answering import bounds
from training_images.federated.sources import Column

ITEMS: Final = 640
"""Least number of items that must be refused; 600 without a failure bound the failure rate at half a percent."""
INSIDE: Final = "inside"
_INSIDE: Final = 240
_CORNERS: Final = 200
_ATTEMPTS: Final = 4000
"""Number of draws after which the table is assumed to have no further different requests."""
_MISSING: Final = 0.1
_DIGITS: Final = 4
_BEYOND: Final = (0.001, 1.0, 1000.0, 1e300)
"""How far outside the bounds, in multiples of their width."""


def suites(name: str, columns: Sequence[Column]) -> dict[str, Part]:
    """The suites: every item of `policy` must be answered, every item of `adversarial` must be refused.

    Args:
        name: The table's name.
        columns: The table's columns.
    """
    draws = _Draws(seed=json.dumps([name, bounds(columns)], sort_keys=True), columns=tuple(columns))
    parts = {"policy": _sound(draws), "adversarial": _wrong(draws)}
    return {part: _part(f"consortium-{part}-{name}", rows) for part, rows in parts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draws:
    """Sound requests: for each column the JSON of its value."""

    seed: str
    columns: tuple[Column, ...]

    def inside(self, group: str) -> dict[str, str]:
        """Every column anywhere within its bounds; some values are missing where they may be."""
        return {column.name: _within(column, self._place(group, column)) for column in self.columns}

    def corner(self, group: str) -> dict[str, str]:
        """Every column at one of its ends."""
        return {column.name: _one_of(_ends(column), self._place(group, column)) for column in self.columns}

    def named(self, group: str) -> str:
        """The id of an item, which reveals nothing about its content."""
        return short(self.seed, group)

    def _place(self, group: str, column: Column) -> float:
        return place(f"{group}/{column.name}", self.seed)


def _part(suite: str, rows: Sequence[Row]) -> Part:
    return Part(suite=suite, items=sorted(rows, key=lambda row: row.id), digest=digest(rows))


def _sound(draws: _Draws) -> list[Row]:
    """As many different requests as are wanted, if the table allows as many."""
    by_text: dict[str, Row] = {}
    for category, group, values in chain(
        _inside(draws, range(_INSIDE)), _corners(draws), _edges(draws), _inside(draws, range(_INSIDE, _ATTEMPTS))
    ):
        name = draws.named(group)
        row = Row(id=name, text=_request(values), label=ALLOW, cluster=name, category=category)
        by_text.setdefault(row.text, row)
        if len(by_text) == ITEMS:
            break
    return list(by_text.values())


_Told = tuple[str, str, dict[str, str]]


def _inside(draws: _Draws, numbers: range) -> Iterator[_Told]:
    for number in numbers:
        group = f"{INSIDE}/{number}"
        yield INSIDE, group, draws.inside(group)


def _corners(draws: _Draws) -> Iterator[_Told]:
    for number in range(_CORNERS):
        group = f"corner/{number}"
        yield "corner", group, draws.corner(group)


def _edges(draws: _Draws) -> Iterator[_Told]:
    """One column at one of its ends, round by round, so that a cut at any point leaves out no column."""
    ends = [(column.name, end) for column in draws.columns for end in _ends(column)]
    for number in range(math.ceil((ITEMS - _INSIDE - _CORNERS) / len(ends))):
        for name, end in ends:
            group = f"edge/{name}/{end}/{number}"
            yield "edge", group, {**draws.inside(group), name: end}


def _wrong(draws: _Draws) -> list[Row]:
    """Every kind of wrongness in every column, equally often; one kind in one column is one cluster."""
    times = math.ceil(ITEMS / (len(_WRONG) * len(draws.columns)))
    rows = []
    for kind, spoil in _WRONG.items():
        for column in draws.columns:
            for number in range(times):
                cluster = f"{kind}/{column.name}"
                group = f"{cluster}/{number}"
                text = spoil(draws.inside(group), column, number)
                rows.append(Row(id=draws.named(group), text=text, label=REFUSE, cluster=cluster, category=kind))
    return rows


def _request(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in values.items()) + "}"


def _within(column: Column, share: float) -> str:
    if column.optional:
        if share < _MISSING:
            return "null"
        share = (share - _MISSING) / (1 - _MISSING)
    if column.words:
        return _one_of(_words(column), share)
    return repr(max(column.low, min(round(column.low + (column.high - column.low) * share, _DIGITS), column.high)))


def _ends(column: Column) -> list[str]:
    ends = _words(column) if column.words else [repr(column.low), repr(column.high)]
    return [*ends, *(["null"] if column.optional else [])]


def _words(column: Column) -> list[str]:
    return [json.dumps(word) for word in (*column.words, *([column.reference] if column.reference else []))]


def _one_of(several: Sequence[str], share: float) -> str:
    return several[int(share * len(several))]


def _not_finite(column: Column) -> list[str]:
    del column
    return ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"]


def _out_of_bounds(column: Column) -> list[str]:
    if column.words:
        literals = _words(column)
        words = ["", "unknown", *(f"{word} " for word in column.words), *(word.swapcase() for word in column.words)]
        return [literal for word in words if (literal := json.dumps(word)) not in literals]
    width = column.high - column.low
    return [repr(end) for far in _BEYOND for end in (column.low - far * width, column.high + far * width)]


def _wrong_type(column: Column) -> list[str]:
    """Text in place of a number, a number in place of a word, and values that are neither."""
    instead = ["0", "1"] if column.words else ['"0"', '"one"', json.dumps(repr(column.high))]
    return [*instead, "true", "false", "[1]", "{}", *([] if column.optional else ["null"])]


_Spoil = Callable[[dict[str, str], Column, int], str]


def _instead(literals: Callable[[Column], Sequence[str]]) -> _Spoil:
    """A request in which one column's value is replaced by something wrong."""

    def spoilt(values: dict[str, str], column: Column, number: int) -> str:
        several = literals(column)
        return _request({**values, column.name: several[number % len(several)]})

    return spoilt


def _too_few(values: dict[str, str], column: Column, number: int) -> str:
    del number
    return _request({name: literal for name, literal in values.items() if name != column.name})


def _too_many(values: dict[str, str], column: Column, number: int) -> str:
    return _request({**values, f"{column.name} {number + 2}": values[column.name]})


def _said_twice(values: dict[str, str], column: Column, number: int) -> str:
    del number
    return f"{_request(values)[:-1]}, {json.dumps(column.name)}: {values[column.name]}}}"


def _cut_off(values: dict[str, str], column: Column, number: int) -> str:
    del number
    text = _request(values)
    return text[: text.index(json.dumps(column.name)) + len(json.dumps(column.name))]


_WRONG: Final[Mapping[str, _Spoil]] = {
    "not-finite": _instead(_not_finite),
    "out-of-bounds": _instead(_out_of_bounds),
    "wrong-type": _instead(_wrong_type),
    "too-few": _too_few,
    "too-many": _too_many,
    "said-twice": _said_twice,
    "cut-off": _cut_off,
}
