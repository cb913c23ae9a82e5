# SPDX-License-Identifier: Apache-2.0
"""Reads and checks the files that are named on the command line."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from federation.core import contract, instant
from federation.core.contract import SchemaName
from federation.core.number_text import counted
from federation.core.policy import policy_of
from federation.errors import ContractError
from federation.local.files import document_of

MANIFEST = "manifest.v1"


def documents_of(paths: Mapping[str, Path]) -> dict[str, Any]:
    """Every document by its role: `policy`, `release`, `standing`, `manifest`, `manifest N` or a platform.

    A `standing` document is a release or a manifest. A manifest in the role of a platform must be that platform's.

    Raises:
        ContractError: Every fault of every file.
        MissingError: A file is not there.
    """
    documents: dict[str, Any] = {}
    faults: list[str] = []
    for name, path in paths.items():
        try:
            documents[name] = _document(name, path)
        except ContractError as error:
            faults += [f"{path}: {fault}" for fault in error.faults or (error.what,)]
    if faults:
        raise ContractError(f"{counted(len(faults), 'fault')} in the given documents", tuple(faults))
    return documents


def _document(name: str, path: Path) -> Any:
    document = document_of(path)
    if name == "policy":
        policy_of(document, what=str(path))
        return document
    schema = _schema(name, document)
    contract.check(schema, document, what=str(path))
    if schema == MANIFEST and (faults := tuple(_misplaced(name, document))):
        raise ContractError(str(path), faults)
    return document


def _schema(name: str, document: Any) -> SchemaName:
    if name == "release":
        return "release.v1"
    is_release = name == "standing" and isinstance(document, dict) and document.get("schema") != MANIFEST
    return "release.v1" if is_release else "manifest.v1"


def _misplaced(name: str, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Faults that the schema cannot express: the wrong platform, or a time that does not exist."""
    if name.partition(" ")[0] not in {"manifest", "standing", manifest["platform"]}:
        yield f"$.platform: expected {name!r} here, found {manifest['platform']!r}"
    try:
        instant.moment(manifest["produced_at"])
    except ContractError as error:
        yield f"$.produced_at: {error.what}"
