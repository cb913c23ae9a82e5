# SPDX-License-Identifier: Apache-2.0
"""Alarms in a folder: one file for each alarm that fires now."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from federation.errors import ServiceError
from federation.ports import Firing


class LocalAlarms:
    """`<folder>/*.json` contains `{"key", "at", "labels"?, "name"?}` of an alarm for as long as it fires."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def firing(self) -> Sequence[Firing]:
        """Every alarm that fires now, in the order of the files' names."""
        try:
            bodies = [path.read_bytes() for path in sorted(self._folder.glob("*.json"))]
            return [msgspec.json.decode(body, type=Firing) for body in bodies]
        except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
            raise ServiceError(f"the alarms at {self._folder} cannot be read: {error}") from error
