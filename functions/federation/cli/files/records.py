# SPDX-License-Identifier: Apache-2.0
"""How are the records read from a file that a person named?"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from federation.core.records import Records, quoted, read
from federation.errors import ContractError

_CHUNK: Final = 1_048_576
_NAMED: Final = 12


class _Line(msgspec.Struct):
    scores: Mapping[str, Any]


def records_of(path: Path, metric: str) -> Records:
    """The scores of one metric in a file of records, read a mebibyte at a time.

    Raises:
        ContractError: The file cannot be read, or holds something else.
    """
    try:
        return read(_chunks(path), (metric,), what=str(path))
    except ContractError as error:
        if others := _scored(path, metric):
            raise ContractError(
                f"{path}: the first line has no score {metric!r:.80}; it has {', '.join(map(quoted, others))}",
                hint="Name one of them as --metric; every line has to state it.",
            ) from error
        raise


def _scored(path: Path, metric: str) -> Sequence[str]:
    """The scores of the first line; nothing where the metric is one of them, or there are none to read."""
    if not path.is_file():  # a pipe has been read, and would be waited for
        return ()
    try:
        with path.open("rb") as file:
            first = file.readline(_CHUNK)
        scores = msgspec.json.decode(first, type=_Line).scores
    except (OSError, msgspec.DecodeError):
        return ()
    return () if metric in scores else sorted(scores)[:_NAMED]


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise ContractError(f"{path} cannot be read: {error.strerror}; expected a file of records") from error
