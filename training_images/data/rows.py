# SPDX-License-Identifier: Apache-2.0
"""What is an example in a data set, and how is a file of examples written with the same bytes on every machine?"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from training_images.job.errors import ConfigError

Split = Literal["train", "val", "test"]
PREPARED: Final = Path(__file__).resolve().parents[2] / "build" / "data"
"""Default folder of prepared rows."""
SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One example.

    Args:
        id: The row's name; the same whenever the data are made again.
        text: The question or request.
        label: The right answer: a label of the task, or the document that answers a query.
        cluster: What the row shares with rows that are not independent of it: its template, source or module.
        category: The topic: an intent, an area of harm, a package.
    """

    id: str
    text: str
    label: str
    cluster: str
    category: str


_FIELDS: Final = frozenset(Row.__dataclass_fields__)


def short(*parts: str) -> str:
    """Twelve hexadecimal digits derived from the parts: an id that reveals nothing about its row."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def line(row: Row) -> str:
    """The row as one line of JSON, with the same bytes on every machine."""
    return json.dumps(asdict(row), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(rows: Iterable[Row]) -> str:
    """`sha256:` and the digest of the rows' lines, in order of id."""
    lines = sorted((row.id, line(row)) for row in rows)
    return "sha256:" + hashlib.sha256("".join(f"{text}\n" for _, text in lines).encode()).hexdigest()


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write rows in order of id; the file appears in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.half")
    ordered = sorted(rows, key=lambda row: row.id)
    half.write_bytes("".join(f"{line(row)}\n" for row in ordered).encode())
    half.replace(path)


def read(path: Path) -> list[Row]:
    """Read the rows of a file.

    Raises:
        ConfigError: The file is missing, is not UTF-8, or a line is not a row; the message names the line.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}); make it with: python -m training_images.data"
        ) from error
    return [_row(path, number, content) for number, content in enumerate(lines, 1)]


def _row(path: Path, number: int, content: bytes) -> Row:
    try:
        parsed: Any = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}, line {number} is not UTF-8; write the file again in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}, line {number} is not JSON ({error})") from error
    if not (isinstance(parsed, dict) and parsed.keys() >= _FIELDS):
        raise ConfigError(f"{path}, line {number} is not a row; a row has the fields {', '.join(sorted(_FIELDS))}")
    values: dict[str, str] = {name: parsed[name] for name in _FIELDS}
    if any(not isinstance(value, str) for value in values.values()):
        raise ConfigError(f"{path}, line {number} has a field that is not text; every field of a row is text")
    if any("\ud800" <= letter <= "\udfff" for value in values.values() for letter in value):
        raise ConfigError(
            f"{path}, line {number} contains half of a character: a text was cut inside one; cut it before or after"
        )
    return Row(**values)


def folder(root: Path, name: str, split: Split) -> Sequence[Row]:
    """Read the rows of one split below a folder of prepared data."""
    return read(root / name / f"{split}.jsonl")
