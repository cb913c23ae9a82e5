# SPDX-License-Identifier: Apache-2.0
"""Reads lines of an eval suite's records, and checks that each line is exactly one valid record.

`Lines.record` defines the result. For speed, whole blocks are decoded at once if that cannot change it.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec

from federation.errors import ContractError

LARGEST: Final = 1e15
"""The largest absolute score. Sums, squares and ratios of scores then stay within a float's range."""
SMALLEST: Final = 1e-15
"""The smallest latency, and the smallest cost or token count besides 0, for the same reason."""
_REQUIRED: Final = ("item", "scores")
_OPTIONAL: Final = ("cluster", "category")
_ESCAPED: Final = re.compile(rb"\\u00[0-7]|\\/")
"""JSON escapes that can hide a plain ASCII key from a search in the bytes."""
_ANY_ESCAPE: Final = re.compile(rb"\\")
_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)

_Identifier = Annotated[str, msgspec.Meta(max_length=512)]
_Score = Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)]


class Lines:
    """A reader of lines with at least these `metrics`, which become `scores.score0`, `scores.score1`, ..."""

    def __init__(self, metrics: Sequence[str]) -> None:
        self._metrics = frozenset(metrics)
        self._decoder = _decoder(tuple(metrics))
        self._required = tuple(f'"{key}"'.encode() for key in (*_REQUIRED, *metrics))
        self._optional = tuple(f'"{key}"'.encode() for key in _OPTIONAL)
        self._escape = _ESCAPED if all(map(_is_plain, metrics)) else _ANY_ESCAPE

    def records(self, block: bytes, lines: int) -> Sequence[Any] | None:
        """The records of a block; None if cheap checks cannot prove that each line is exactly one record."""
        try:
            rows: Sequence[Any] = self._decoder.decode_lines(block)
        except _UNREADABLE:
            return None
        plain = len(rows) == lines and _is_one_a_line(block, lines) and not self._may_repeat(block, rows)
        return rows if plain else None

    def record(self, line: bytes) -> Any:
        """The record in a line.

        Raises:
            ContractError: The fault, worded to follow "line 7".
        """
        try:
            row = self._decoder.decode(line)
            repeated = next(self._repeated(line), None) if self._may_repeat(line, [row]) else None
        except _UNREADABLE as error:
            raise ContractError(_fault_text(line, error)) from error
        if repeated is not None:
            raise ContractError(f"repeats the key {repeated!r:.80}; expected each key once")
        return row

    def _may_repeat(self, block: bytes, rows: Sequence[Any]) -> bool:
        """Whether a line may repeat a key that we read. The decoder would silently keep the last one."""
        if block.count(b":") == self._pairs(rows):
            return False  # each pair of key and value has a colon, so there are no pairs beside those that were read
        return (  # `in` is forty times as fast as a search, and nearly no file has an escape
            (b"\\" in block and self._escape.search(block) is not None)
            or any(block.count(key) > len(rows) for key in self._required)
            or any(_is_twice_in_a_line(key, block) for key in self._optional)
        )

    def _pairs(self, rows: Sequence[Any]) -> int:
        """The least number of pairs of key and value in these records."""
        unstated = [row.cluster for row in rows].count(None) + [row.category for row in rows].count(None)
        return len(rows) * (len(self._required) + len(_OPTIONAL)) - unstated

    def _repeated(self, line: bytes) -> Iterator[str]:
        """The repeated keys among those that we read. Ignored keys may repeat."""
        import json  # noqa: PLC0415 - nearly no file asks for a closer look

        pairs = json.loads(line.decode(errors="replace"), object_pairs_hook=list, parse_int=str, parse_float=str)
        scores = next(value for key, value in reversed(pairs) if key == "scores")
        yield from _duplicates([key for key, _ in pairs if key in _REQUIRED or key in _OPTIONAL])
        yield from _duplicates([key for key, _ in scores if key in self._metrics])


@lru_cache(maxsize=64)
def _decoder(metrics: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """A decoder for exactly these metrics, whose records need no dictionary."""
    names = {f"score{index}": metric for index, metric in enumerate(metrics)}
    scores = msgspec.defstruct("Scores", [(field, _Score) for field in names], rename=names, gc=False)
    record = msgspec.defstruct(
        "Record",
        [
            ("item", _Identifier),
            ("scores", scores),
            ("cluster", _Identifier | None, None),
            ("category", _Identifier | None, None),
        ],
        gc=False,
    )
    return msgspec.json.Decoder(record)


def _is_plain(key: str) -> bool:
    """Whether a key is printable ASCII that JSON does not escape."""
    return key.isascii() and key.isprintable() and '"' not in key and "\\" not in key


def _is_one_a_line(block: bytes, lines: int) -> bool:
    """Whether every line break separates two records: the decoder alone would accept a record that spans lines."""
    return block.count(b"}\n{") + (block.count(b"}\r\n{") if b"\r" in block else 0) == lines - 1


def _is_twice_in_a_line(key: bytes, block: bytes) -> bool:
    return re.search(key + rb"[^\n]*" + key, block) is not None


def _duplicates(keys: Sequence[str]) -> Iterator[str]:
    return (key for index, key in enumerate(keys) if key in keys[:index])


def _fault_text(line: bytes, error: Exception) -> str:
    """What is wrong with one line, and what was expected, without the decoder's jargon."""
    if isinstance(error, msgspec.ValidationError):
        return "is not a record: " + str(error).replace("`float`", "a finite number").replace(" - at `$", " at `record")
    if line.startswith(b"\xef\xbb\xbf"):
        return "begins with a byte-order mark; write UTF-8 without one"
    if line.startswith(b"\x1f\x8b"):
        return "is compressed with gzip; decompress the file"
    if b"NaN" in line or b"Infinity" in line:
        return "is not JSON: JSON has no NaN or Infinity; expected a finite number"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    return f"is not JSON: {str(error).removeprefix('JSON is malformed: ')}; expected one object"
