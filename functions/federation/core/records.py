# SPDX-License-Identifier: Apache-2.0
"""What did each item of an eval suite score?

Records arrive as JSON Lines, one item a line (schemas/record.v1.json), and become columns, so that no object per record
stays in memory. Only the metrics asked for are read; everything else in a line is ignored.
"""

from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.core.faults import MAX_TOLD, cut
from federation.core.record_line import Lines
from federation.errors import ContractError

MAX_RECORDS: Final = 2_000_000
"""The most records in a file: a step with 2 GB of memory reads the files of candidate, baseline and anchor at once."""
_ENOUGH: Final = 1_000
"""Faults after which the rest of a file is skipped, since a faulty line takes a hundred times as long as a good one."""
_BLOCK: Final = 1_048_576
"""Bytes that are decoded at once, and the longest line allowed."""
_QUOTED: Final = 80
_NAMED: Final = 12


class _Scored(msgspec.Struct):
    """A line, as far as it says which scores there are."""

    scores: Mapping[str, Any]


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of equal length, one row an item; `clusters` and `categories` are None where no line names one."""

    what: str
    items: Sequence[str]
    scores: Mapping[str, Sequence[float]]
    clusters: Sequence[str | None] | None = None
    categories: Sequence[str | None] | None = None

    def ordered(self, items: Sequence[str]) -> "Records":
        """The same rows in the order of `items`, which must be the same set."""
        if self.items == items:
            return self
        row = {item: index for index, item in enumerate(self.items)}
        return self._picked(items, [row[item] for item in items])

    def without(self, items: Container[str]) -> "Records":
        """The rows without those of `items`."""
        kept = [index for index, item in enumerate(self.items) if item not in items]
        return self._picked([self.items[index] for index in kept], kept)

    def _picked(self, items: Sequence[str], rows: Sequence[int]) -> "Records":
        """Only these rows, in this order; `items` lists their items, so that a list already in memory can be shared."""
        return replace(
            self,
            items=items,
            scores={metric: array("d", map(column.__getitem__, rows)) for metric, column in self.scores.items()},
            clusters=None if self.clusters is None else [self.clusters[index] for index in rows],
            categories=None if self.categories is None else [self.categories[index] for index in rows],
        )


def quoted(identifier: str) -> str:
    """`identifier` as a sentence may show it: control characters escaped, cut after 80 characters."""
    return repr(cut(identifier, _QUOTED))


def read(source: bytes | Iterable[bytes], metrics: Sequence[str], *, what: str) -> Records:
    """The records in `source`, as columns.

    Args:
        source: JSON Lines, whole or in pieces that are cut anywhere; one piece at a time is kept in memory.
        metrics: The scores that every record must state; at least one.
        what: What a fault calls the source, such as a file name.

    Raises:
        ContractError: Some lines are faulty (the first `MAX_TOLD` are named), or the first has only other scores, or
            there is no record, or more than `MAX_RECORDS`.
    """
    if not metrics:
        raise ContractError(f"{what}: no metric was asked for; name at least one")
    reader = _Reader(what, tuple(dict.fromkeys(metrics)))
    for block in _blocks(source, what):
        reader.add(block)
    return reader.records()


def _blocks(source: bytes | Iterable[bytes], what: str) -> Iterator[bytes]:
    """`source` cut at line ends, in blocks of about `_BLOCK` bytes."""
    held: list[bytes] = []
    size = 0
    for piece in _pieces(source):
        held.append(piece)
        size += len(piece)
        if size < _BLOCK:
            continue
        whole = b"".join(held)
        if _is_too_long(whole):
            raise ContractError(f"{what} has a line of more than {_BLOCK:,} bytes; write one record per line")
        lines, newline, rest = whole.rpartition(b"\n")
        if newline:
            yield lines + newline
        held, size = [rest], len(rest)
    if size:
        yield b"".join(held)


def _is_too_long(whole: bytes) -> bool:
    """Whether some line has more than `_BLOCK` bytes; in at most 2 x `_BLOCK` bytes, such a line covers the middle."""
    end = whole.find(b"\n", _BLOCK)
    return (len(whole) if end < 0 else end) - whole.rfind(b"\n", 0, _BLOCK) - 1 > _BLOCK


def _pieces(source: bytes | Iterable[bytes]) -> Iterator[bytes]:
    for whole in (source,) if isinstance(source, bytes) else source:
        for start in range(0, len(whole), _BLOCK):
            yield whole[start : start + _BLOCK]


_item, _cluster, _category = attrgetter("item"), attrgetter("cluster"), attrgetter("category")


class _Reader:
    """The columns read so far, and the faults."""

    def __init__(self, what: str, metrics: tuple[str, ...]) -> None:
        self._what, self._lines = what, Lines(metrics)
        self._items: list[str] = []
        self._columns = {metric: array("d") for metric in metrics}
        self._clusters, self._categories = _Names(), _Names()
        self._seen: set[str] = set()
        self._faults: list[str] = []
        self._fault_count = self._line = self._blank = 0

    def add(self, block: bytes) -> None:
        """Adds whole lines: all at once if every line is a record, else one by one to number the faults."""
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        rows = None if self._blank else self._lines.records(block, count)
        if rows is None:
            self._one_by_one(block.removesuffix(b"\n").split(b"\n"))
        else:
            self._take(rows, range(self._line + 1, self._line + 1 + count))
        self._line += count
        if len(self._items) > MAX_RECORDS:
            raise ContractError(f"{self._what} has more than {MAX_RECORDS:,} records; take a sample of the items")

    def records(self) -> Records:
        """The records read; raises if any line was faulty."""
        if self._fault_count:
            raise self._refusal()
        if not self._items:
            raise ContractError(f"{self._what} has no records; expected one JSON object per line")
        return Records(
            what=self._what,
            items=self._items,
            scores=self._columns,
            clusters=self._clusters.column(),
            categories=self._categories.column(),
        )

    def _refusal(self, stopped: str = "") -> ContractError:
        more = self._fault_count - len(self._faults)
        rest = (f"and {more:,} more{stopped}",) if more else ()
        return ContractError(f"{self._what} is not a file of records", (*self._faults, *rest))

    def _one_by_one(self, lines: Sequence[bytes]) -> None:
        rows, numbers = [], []
        for number, line in enumerate(lines, self._line + 1):
            if not line.strip():
                self._blank = self._blank or number
                continue
            if self._blank:
                self._fault(self._blank, "is blank; only the last lines of a file may be")
                self._blank = 0
            try:
                rows.append(self._lines.record(line))
                numbers.append(number)
            except ContractError as error:
                if number == 1:
                    self._check_names(line)
                self._fault(number, error.what)
        self._take(rows, numbers)

    def _check_names(self, first: bytes) -> None:
        """Raises if the first line has scores, but not all that were asked for: one sentence instead of one a line."""
        try:
            stated = msgspec.json.decode(first, type=_Scored).scores
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        missing = [metric for metric in self._columns if metric not in stated]
        if missing and stated:
            absent, there = (", ".join(map(quoted, names[:_NAMED])) for names in (missing, sorted(stated)))
            raise ContractError(
                f"{self._what}: the first line has no score {absent}; it has {there}",
                hint="Name one of them as --metric, or as `metric` in the policy; every line has to state it.",
            )

    def _take(self, rows: Sequence[Any], numbers: Sequence[int]) -> None:
        items = list(map(_item, rows))
        self._check(items, numbers)
        self._items += items
        for index, column in enumerate(self._columns.values()):
            column.extend(map(attrgetter(f"scores.score{index}"), rows))
        self._clusters.extend(list(map(_cluster, rows)))
        self._categories.extend(list(map(_category, rows)))

    def _check(self, items: Sequence[str], numbers: Sequence[int]) -> None:
        """Adds a fault for each item id that is blank or was seen before."""
        known = len(self._seen)
        if all(map(str.strip, items)) and self._seen.isdisjoint(items):
            self._seen.update(items)
            if len(self._seen) == known + len(items):
                return
            self._seen.difference_update(items)
        for number, item in zip(numbers, items, strict=True):
            if not item.strip():
                self._fault(number, "has a blank item; expected an id")
            elif item in self._seen:
                self._fault(number, f"repeats item {quoted(item)}; expected one record per item")
            self._seen.add(item)

    def _fault(self, number: int, text: str) -> None:
        self._fault_count += 1
        if len(self._faults) < MAX_TOLD:
            self._faults.append(f"line {number} {text}")
        if self._fault_count >= _ENOUGH:
            raise self._refusal(f" up to line {number:,}; the rest was not read")


class _Names:
    """An optional text column whose values are interned."""

    def __init__(self) -> None:
        self._known: dict[str | None, str | None] = {None: None}
        self._column: list[str | None] = []

    def extend(self, names: list[str | None]) -> None:
        known = self._known
        if len(known) > 1 or names.count(None) != len(names):
            names = [known.setdefault(name, name) for name in names]
        self._column += names

    def column(self) -> list[str | None] | None:
        return self._column if len(self._known) > 1 else None
