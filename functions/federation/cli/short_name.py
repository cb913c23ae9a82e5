# SPDX-License-Identifier: Apache-2.0
"""Which release or unit is meant by a short name, as other commands show it?"""

import re
from typing import Final

from federation.cli import inventory
from federation.cli.orders_about import LEAST_DIGITS, artifact_of, whole_release
from federation.cli.shelf import Shelf
from federation.errors import MissingError

_SHORT_UNIT: Final = re.compile(r"[a-z][a-z0-9-]*-v\d{1,9}")
_ARTIFACT: Final = re.compile(rf"(?:sha256:)?[0-9a-f]{{{LEAST_DIGITS},64}}")


def whole_name(shelf: Shelf, written: str) -> str | None:
    """The release or unit that is meant by `v1.0.1`, `embedder-v2`, or digits of an artifact."""
    if (release := whole_release(shelf, written)) is not None:
        return release
    if not (_SHORT_UNIT.fullmatch(written) or _ARTIFACT.fullmatch(written)):
        return None
    try:
        return str(artifact_of(shelf, written).get("unit") or "") or None
    except MissingError:
        return _rejected(shelf, written)


def _rejected(shelf: Shelf, written: str) -> str | None:
    """The unit that is meant by `embedder-v2`, if it was only ever rejected."""
    name = f"{shelf.policy().org}/{written}"
    return name if _SHORT_UNIT.fullmatch(written) and inventory.unit(shelf, name) else None
