# SPDX-License-Identifier: Apache-2.0
"""`federation validate`: does each file say what the schema that it names requires?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer

from federation.cli.options import AsJson
from federation.cli.pages.policy_warnings import NO_EFFECT
from federation.cli.screen.output import print_json, print_line
from federation.core import contract, strict_json
from federation.core.contract import SCHEMA_NAMES, SchemaName
from federation.core.number_text import counted
from federation.core.policy import policy_of
from federation.core.records import quoted
from federation.core.unknown_fields import manifest_field_warnings, policy_field_warnings
from federation.errors import ContractError, MissingError
from federation.local.files import bytes_of

_GZIP: Final = b"\x1f\x8b"
_FIELD_WARNINGS: Final = {"policy.v1": policy_field_warnings, "manifest.v1": manifest_field_warnings}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """Every fault of a file, and a sentence for each field of a valid one that has no effect."""

    faults: Sequence[str]
    unknown_fields: Sequence[str] = ()


def validate(
    files: Annotated[list[Path], typer.Argument(help="JSON documents, or .jsonl files of records.", metavar="FILE")],
    as_json: AsJson = False,
) -> None:
    """Validate files against the schemas that they name.

    Prints every fault with its path, and warns of misspelt fields, which have no effect. Exit code 2 if there is a fault,
    3 if a file does not exist.
    """
    missing = [path for path in files if not path.exists()]
    results = {
        str(path): _Result(faults=["there is no such file"]) if path in missing else _result(path) for path in files
    }
    if as_json:
        print_json(
            [
                {
                    "file": name,
                    "valid": not found.faults,
                    "faults": found.faults,
                    "unknown_fields": found.unknown_fields,
                }
                for name, found in results.items()
            ]
        )
    else:
        _print(results)
    if any(found.faults for found in results.values()):
        raise typer.Exit(MissingError.exit_code if missing else ContractError.exit_code)


def _print(results: Mapping[str, _Result]) -> None:
    for name, found in results.items():
        print_line(f"{name}: {counted(len(found.faults), 'fault') if found.faults else 'valid'}")
        for fault in found.faults:
            print_line(f"  {fault}")
        if found.unknown_fields:
            print_line(f"  {NO_EFFECT}:")
        for warning in found.unknown_fields:
            print_line(f"    {warning}")


def _result(path: Path) -> _Result:
    body = bytes_of(path)
    if path.suffix == ".jsonl":
        return _Result(faults=list(_record_faults(body)))
    try:
        document = strict_json.document(body, what=str(path))
        schema = _schema_named(document)
        contract.check(schema, document, what=str(path))
        if schema == "policy.v1":
            policy_of(document, what=str(path))
    except ContractError as error:
        return _Result(faults=error.faults or (error.what,))
    warnings = _FIELD_WARNINGS.get(schema)
    return _Result(faults=(), unknown_fields=warnings(document) if warnings else ())


def _record_faults(body: bytes) -> Iterator[str]:
    """The faults in a file of records, as the gates find them: those of each line, and repeated items."""
    if body.startswith(_GZIP):
        yield "the file is compressed with gzip; decompress it"
        return
    if not body.strip():
        yield "the file is empty; expected one record a line"
        return
    seen: set[str] = set()
    for number, line in enumerate(body.rstrip().split(b"\n"), start=1):
        try:
            item = _item(line, number)
        except ContractError as error:
            yield from (f"line {number}: {fault}" for fault in error.faults) if error.faults else (error.what,)
            continue
        if item in seen:
            yield f"line {number} repeats item {quoted(item)}; expected one record per item"
        seen.add(item)


def _item(line: bytes, number: int) -> str:
    """The id of the item in a line."""
    if not line.strip():
        raise ContractError(f"line {number} is blank; only the last lines of a file may be blank")
    record = strict_json.parse(line, what=f"line {number}")
    contract.check("record.v1", record.value, what=f"line {number}")
    if record.duplicates:
        raise ContractError(f"line {number}: {', '.join(record.duplicates)} is written more than once")
    return str(record.value["item"])


def _schema_named(document: Any) -> SchemaName:
    """The schema that a document names; for an event, that of events.

    Raises:
        ContractError: The document names no schema of ours.
    """
    name = document.get("schema") if isinstance(document, dict) else None
    if name is None and isinstance(document, dict) and "specversion" in document:
        return "event.v1"
    if name not in SCHEMA_NAMES:
        expected = f"expected one of {', '.join(sorted(SCHEMA_NAMES))}"
        raise ContractError("no schema", (f"$.schema: {expected}, found {name!r:.80}",))
    return cast("SchemaName", name)
