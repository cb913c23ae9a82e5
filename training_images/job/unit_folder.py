# SPDX-License-Identifier: Apache-2.0
"""Finds a unit in a folder that a job shipped, and checks that it is complete."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from federation.core import contract, strict_json
from federation.core.manifest import Unit, manifest_of
from federation.core.uri import SENTINEL
from federation.errors import ContractError
from training_images.job.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedUnit:
    """A unit whose files all exist and match the manifest."""

    folder: Path
    unit: Unit

    @property
    def name(self) -> str:
        """`<org>/<kind>-v<n>`."""
        return self.unit.name

    @property
    def artifact(self) -> str:
        """The artifact digest."""
        return self.unit.artifact

    @property
    def contract(self) -> Mapping[str, Any]:
        """What the unit's consumers rely on."""
        return self.unit.contract

    def path(self, name: str) -> Path:
        """The path of a file of the unit, by its path below the unit's folder.

        Raises:
            ConfigError: The unit has no such file.
        """
        place = f"{self.unit.kind}/{name}"
        if place not in {file.path for file in self.unit.files}:
            raise ConfigError(f"{self.name} has no {name}; it consists of {', '.join(f.path for f in self.unit.files)}")
        return self.folder / place

    def folder_with(self, names: Sequence[str]) -> Path:
        """The unit's folder, if it contains the files that the caller needs.

        Raises:
            ConfigError: One of them is missing.
        """
        for name in names:
            self.path(name)
        return self.folder / self.unit.kind


def shipped_unit(folder: Path, kind: str) -> ShippedUnit:
    """Find the unit of a kind in a folder with a manifest.

    Raises:
        ConfigError: There is no manifest, no such unit, or a file does not match the manifest.
    """
    for manifest in (folder / SENTINEL, *sorted(folder.glob("*_manifest.json"))):
        if manifest.is_file():
            for unit in _units(manifest):
                if unit.kind == kind:
                    return _checked(ShippedUnit(folder=folder, unit=unit))
    raise ConfigError(f"no manifest in {folder} ships a {kind}; name the folder of a finished unit")


def _units(manifest: Path) -> tuple[Unit, ...]:
    try:
        document = strict_json.document(manifest.read_bytes(), what=manifest.name)
        contract.check("manifest.v1", document, what=manifest.name)
    except ContractError as error:
        raise ConfigError(str(error)) from error
    return tuple(manifest_of(document).units)


def _checked(shipped: ShippedUnit) -> ShippedUnit:
    for file in shipped.unit.files:
        path = shipped.folder / file.path
        if not path.is_file():
            raise ConfigError(f"{shipped.name} is not whole: {file.path} is missing in {shipped.folder}")
        with path.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != file.sha256:
                raise ConfigError(f"{shipped.name} is not what its manifest says: {file.path} has other content")
    return shipped
