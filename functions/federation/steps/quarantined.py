# SPDX-License-Identifier: Apache-2.0
"""Which units hold what is in quarantine: the same artifact, or all its bytes under other names or with more beside them?"""

from collections.abc import Iterable, Mapping
from typing import Any

from federation.core import names
from federation.core.channel import Channel
from federation.gathering import Reads


def quarantined(reads: Reads, channel: Channel, versions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """By name, why each of these units may not be released; without the others.

    A record is read for each unit in quarantine of the kinds in question.
    """
    found: dict[str, str] = {}
    for version in versions:
        if channel.forbids([version["artifact"]]):
            found[version["name"]] = "is in quarantine until lifted"
        elif whole := _held_whole(reads, channel, version):
            found[version["name"]] = f"holds every file of {whole}, which is in quarantine until lifted"
    return found


def _held_whole(reads: Reads, channel: Channel, version: Mapping[str, Any]) -> str | None:
    """The unit in quarantine all of whose bytes are in this one, by the digests of its files."""
    held = _contents(version)
    for unit in sorted({one.unit for one in channel.quarantine.values()}):
        place = names.version_named(unit)
        if place is None or not place.startswith(f"{names.VERSIONS}{version['kind']}/"):
            continue
        bad = reads.document(place)
        if bad is not None and _contents(bad) <= held:
            return unit
    return None


def _contents(version: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(file["sha256"] for file in version["stated"]["files"])
