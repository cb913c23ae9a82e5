# SPDX-License-Identifier: Apache-2.0
"""Reads the records from a file that a person named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from federation.core.records import Records, read
from federation.errors import ContractError

_CHUNK: Final = 1_048_576


def records_of(path: Path, metric: str) -> Records:
    """The scores of one metric in a file of records, read a mebibyte at a time.

    Raises:
        ContractError: The file cannot be read, or does not contain such records.
    """
    return read(_chunks(path), (metric,), what=str(path))


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise ContractError(f"{path} cannot be read: {error.strerror}; expected a file of records") from error
