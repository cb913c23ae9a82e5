# SPDX-License-Identifier: Apache-2.0
"""What lies in the corpus: documents that a schema accepts, and documents that are wrong in exactly one way.

`<schema>/valid/*.json` are documents. `<schema>/invalid/*.json` hold `{"fault": the sentence to be told, "document": ...}`.
What JSON cannot carry lies as bytes in `<schema>/invalid/*.raw`, with all that must be told in the `.fault` beside it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCHEMAS = sorted(path.name for path in HERE.iterdir() if path.name.endswith(".v1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file: the document in it, and the fault that must be told (none when the document is valid)."""

    schema: str
    name: str
    document: Any
    fault: str | None = None

    def __str__(self) -> str:
        return f"{self.schema}-{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Bytes that are no document at all, and all that must be told about them."""

    schema: str
    name: str
    body: bytes
    told: str

    def __str__(self) -> str:
        return f"{self.schema}-{self.name}"


def _decoded(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _refused(schema: str, path: Path) -> Case:
    found = _decoded(path)
    return Case(schema=schema, name=path.stem, document=found["document"], fault=found["fault"])


def _raw(schema: str, path: Path) -> Raw:
    told = path.with_suffix(".fault").read_text("utf-8").removesuffix("\n")
    return Raw(schema=schema, name=path.stem, body=path.read_bytes(), told=told)


VALID = [
    Case(schema=schema, name=path.stem, document=_decoded(path))
    for schema in SCHEMAS
    for path in sorted((HERE / schema / "valid").glob("*.json"))
]
INVALID = [_refused(schema, path) for schema in SCHEMAS for path in sorted((HERE / schema / "invalid").glob("*.json"))]
RAW = [_raw(schema, path) for schema in SCHEMAS for path in sorted((HERE / schema / "invalid").glob("*.raw"))]


def valid(schema: str, name: str) -> Any:
    """A fresh copy of one valid document."""
    return _decoded(HERE / schema / "valid" / f"{name}.json")
