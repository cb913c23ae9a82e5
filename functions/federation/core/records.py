# SPDX-License-Identifier: Apache-2.0
"""The scores of each item of an eval suite.

Records are JSON Lines, one item a line (schemas/record.v1.json). They become columns, so that no object per record stays
in memory. Only the requested metrics are read; everything else in a line is ignored.
"""

from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.core.faults import MAX_LISTED, cut
from federation.core.record_line import Lines
from federation.errors import ContractError

MAX_RECORDS: Final = 2_000_000
"""The most records in a file. A step with 2 GB of memory reads three such files: candidate, baseline and anchor."""
_MAX_FAULTS: Final = 1_000
"""After this many faults the rest of a file is skipped. A faulty line takes a hundred times as long as a good one."""
_BLOCK: Final = 1_048_576
"""The bytes decoded at once, and the longest line allowed."""
_MAX_QUOTED: Final = 80
_MAX_NAMES: Final = 12


class _LineScores(msgspec.Struct):
    """The scores in a line."""

    scores: Mapping[str, Any]


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of equal length, one row an item. `clusters` and `categories` are None if no line has one."""

    what: str
    items: Sequence[str]
    scores: Mapping[str, Sequence[float]]
    clusters: Sequence[str | None] | None = None
    categories: Sequence[str | None] | None = None

    def ordered(self, items: Sequence[str]) -> "Records":
        """The same rows in the order of `items`, which must be the same items."""
        if self.items == items:
            return self
        row = {item: index for index, item in enumerate(self.items)}
        return self._subset(items, [row[item] for item in items])

    def without(self, items: Container[str]) -> "Records":
        """The rows of all other items."""
        rows = [index for index, item in enumerate(self.items) if item not in items]
        return self._subset([self.items[index] for index in rows], rows)

    def _subset(self, items: Sequence[str], rows: Sequence[int]) -> "Records":
        """The given rows, in this order. `items` are their items, passed so that a list in memory can be shared."""
        return replace(
            self,
            items=items,
            scores={metric: array("d", map(column.__getitem__, rows)) for metric, column in self.scores.items()},
            clusters=None if self.clusters is None else [self.clusters[index] for index in rows],
            categories=None if self.categories is None else [self.categories[index] for index in rows],
        )


def quoted(identifier: str) -> str:
    """`identifier` in quotes, for a sentence: control characters escaped, cut after 80 characters."""
    return repr(cut(identifier, _MAX_QUOTED))


def read(source: bytes | Iterable[bytes], metrics: Sequence[str], *, what: str) -> Records:
    """The records in `source`, as columns.

    Args:
        source: JSON Lines, whole or in pieces cut anywhere; one piece at a time is in memory.
        metrics: The scores that every record must have; at least one.
        what: What a fault calls the source, such as a file name.

    Raises:
        ContractError: Some lines are faulty (the first `MAX_LISTED` are listed), the first line lacks a metric, there is
            no record, or there are more than `MAX_RECORDS`.
    """
    if not metrics:
        raise ContractError(f"{what}: no metric is named; name at least one")
    reader = _Reader(what, tuple(dict.fromkeys(metrics)))
    for block in _blocks(source, what):
        reader.add(block)
    return reader.records()


def _blocks(source: bytes | Iterable[bytes], what: str) -> Iterator[bytes]:
    """`source` in blocks of whole lines, of about `_BLOCK` bytes."""
    pieces: list[bytes] = []
    size = 0
    for piece in _pieces(source):
        pieces.append(piece)
        size += len(piece)
        if size < _BLOCK:
            continue
        whole = b"".join(pieces)
        if _has_long_line(whole):
            raise ContractError(f"{what} has a line of more than {_BLOCK:,} bytes; write one record per line")
        lines, newline, rest = whole.rpartition(b"\n")
        if newline:
            yield lines + newline
        pieces, size = [rest], len(rest)
    if size:
        yield b"".join(pieces)


def _has_long_line(whole: bytes) -> bool:
    """Whether a line has more than `_BLOCK` bytes. In at most 2 x `_BLOCK` bytes, such a line covers the middle."""
    end = whole.find(b"\n", _BLOCK)
    return (len(whole) if end < 0 else end) - whole.rfind(b"\n", 0, _BLOCK) - 1 > _BLOCK


def _pieces(source: bytes | Iterable[bytes]) -> Iterator[bytes]:
    for whole in (source,) if isinstance(source, bytes) else source:
        for start in range(0, len(whole), _BLOCK):
            yield whole[start : start + _BLOCK]


_item, _cluster, _category = attrgetter("item"), attrgetter("cluster"), attrgetter("category")


class _Reader:
    """The columns and faults so far."""

    def __init__(self, what: str, metrics: tuple[str, ...]) -> None:
        self._what, self._lines = what, Lines(metrics)
        self._items: list[str] = []
        self._columns = {metric: array("d") for metric in metrics}
        self._clusters, self._categories = _TextColumn(), _TextColumn()
        self._seen: set[str] = set()
        self._faults: list[str] = []
        self._fault_count = self._line = self._blank = 0

    def add(self, block: bytes) -> None:
        """Add whole lines: all at once if every line is a record, else one by one to number the faults."""
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        rows = None if self._blank else self._lines.records(block, count)
        if rows is None:
            self._add_one_by_one(block.removesuffix(b"\n").split(b"\n"))
        else:
            self._append(rows, range(self._line + 1, self._line + 1 + count))
        self._line += count
        if len(self._items) > MAX_RECORDS:
            raise ContractError(f"{self._what} has more than {MAX_RECORDS:,} records; take a sample of the items")

    def records(self) -> Records:
        """The records; ContractError if any line was faulty."""
        if self._fault_count:
            raise self._error()
        if not self._items:
            raise ContractError(f"{self._what} has no records; expected one JSON object per line")
        return Records(
            what=self._what,
            items=self._items,
            scores=self._columns,
            clusters=self._clusters.column(),
            categories=self._categories.column(),
        )

    def _error(self, stopped: str = "") -> ContractError:
        more = self._fault_count - len(self._faults)
        rest = (f"and {more:,} more{stopped}",) if more else ()
        return ContractError(f"{self._what} is not a file of records", (*self._faults, *rest))

    def _add_one_by_one(self, lines: Sequence[bytes]) -> None:
        rows, numbers = [], []
        for number, line in enumerate(lines, self._line + 1):
            if not line.strip():
                self._blank = self._blank or number
                continue
            if self._blank:
                self._add_fault(self._blank, "is blank; only the last lines of a file may be")
                self._blank = 0
            try:
                rows.append(self._lines.record(line))
                numbers.append(number)
            except ContractError as error:
                if number == 1:
                    self._check_metrics(line)
                self._add_fault(number, error.what)
        self._append(rows, numbers)

    def _check_metrics(self, first: bytes) -> None:
        """Raise if the first line has scores but lacks a metric: one error instead of one for each line."""
        try:
            scores = msgspec.json.decode(first, type=_LineScores).scores
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        missing = [metric for metric in self._columns if metric not in scores]
        if missing and scores:
            absent, present = (", ".join(map(quoted, names[:_MAX_NAMES])) for names in (missing, sorted(scores)))
            raise ContractError(
                f"{self._what}: the first line has no score {absent}; it has {present}",
                hint="Name one of them as --metric, or as `metric` in the policy; every line has to state it.",
            )

    def _append(self, rows: Sequence[Any], numbers: Sequence[int]) -> None:
        items = list(map(_item, rows))
        self._check_items(items, numbers)
        self._items += items
        for index, column in enumerate(self._columns.values()):
            column.extend(map(attrgetter(f"scores.score{index}"), rows))
        self._clusters.extend(list(map(_cluster, rows)))
        self._categories.extend(list(map(_category, rows)))

    def _check_items(self, items: Sequence[str], numbers: Sequence[int]) -> None:
        """Add a fault for each item id that is blank or repeated."""
        count_before = len(self._seen)
        if all(map(str.strip, items)) and self._seen.isdisjoint(items):
            self._seen.update(items)
            if len(self._seen) == count_before + len(items):
                return
            self._seen.difference_update(items)
        for number, item in zip(numbers, items, strict=True):
            if not item.strip():
                self._add_fault(number, "has a blank item; expected an id")
            elif item in self._seen:
                self._add_fault(number, f"repeats item {quoted(item)}; expected one record per item")
            self._seen.add(item)

    def _add_fault(self, number: int, text: str) -> None:
        self._fault_count += 1
        if len(self._faults) < MAX_LISTED:
            self._faults.append(f"line {number} {text}")
        if self._fault_count >= _MAX_FAULTS:
            raise self._error(f" up to line {number:,}; the rest was not read")


class _TextColumn:
    """An optional text column with interned values."""

    def __init__(self) -> None:
        self._interned: dict[str | None, str | None] = {None: None}
        self._column: list[str | None] = []

    def extend(self, names: list[str | None]) -> None:
        interned = self._interned
        if len(interned) > 1 or names.count(None) != len(names):
            names = [interned.setdefault(name, name) for name in names]
        self._column += names

    def column(self) -> list[str | None] | None:
        return self._column if len(self._interned) > 1 else None
