# SPDX-License-Identifier: Apache-2.0
"""Which artifact is meant by a unit's name, or by the first digits of a digest?"""

import re
from typing import Any, Final

from federation.core import names
from federation.core.channel import Channel
from federation.core.digest import Digest
from federation.errors import ContractError, MissingError
from federation.gathering import Reads

_UNIT: Final = re.compile(r"(?:[a-z0-9-]+/)?([a-z][a-z0-9-]*)-v(\d{1,9})")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def artifact_of(reads: Reads, written: str) -> dict[str, Any]:
    """The artifact and the unit that it belongs to, as far as they are known.

    Raises:
        MissingError: No such unit has come.
        ContractError: Neither a unit's name nor a digest.
    """
    if _DIGEST.fullmatch(written):
        return {"artifact": written, **_unit_of(reads, written)}
    version = version_of(reads, written)
    return {"artifact": version["artifact"], "unit": version["name"]}


def version_of(reads: Reads, written: str) -> dict[str, Any]:
    """The version record of a unit named like `spiralverse/textgen-lora-v12`.

    Raises:
        MissingError: No such unit has come.
        ContractError: It is not a unit's name.
    """
    match = _UNIT.fullmatch(written)
    if match is None:
        raise ContractError(f"{written!r:.80} is neither a unit's name (<org>/<kind>-v<n>) nor a digest (sha256:...)")
    found: dict[str, Any] | None = reads.document(names.version(match[1], int(match[2])))
    if found is None:
        raise MissingError(f"no unit {written} has been accepted")
    return found


def quarantined_of(channel: Channel, written: str) -> str:
    """The only quarantined artifact with that prefix, or of that unit or kind; else what was written, unchanged.

    Raises:
        ContractError: Several match.
    """
    digits = names.short(written)
    found = [
        Digest(one)
        for one, why in channel.quarantine.items()
        if names.short(one).startswith(digits) or why.unit == written
    ]
    if len(found) > 1:
        raise ContractError(f"{written} means {len(found)} artifacts in quarantine", tuple(sorted(found)))
    return found[0] if found else written


def _unit_of(reads: Reads, artifact: str) -> dict[str, Any]:
    for place in reads.names(names.VERSIONS):
        version = reads.document(place)
        if version and version["artifact"] == artifact:
            return {"unit": version["name"]}
    return {}
