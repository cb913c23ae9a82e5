# SPDX-License-Identifier: Apache-2.0
"""Which units contain what is in quarantine: the same artifact, or all its files under other names or among others?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from federation.core import names
from federation.core.channel import Channel
from federation.gathering import Reads


def quarantined(reads: Reads, channel: Channel, units: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Why some of these units may not be released, by name; the others do not appear.

    Their files are compared with those of every quarantined unit of their kind, whether a person named it or a
    roll-back left a release with it.

    Args:
        reads: What the step may read.
        channel: The channel with the quarantine.
        units: The name, kind, artifact and files of each unit.
    """
    found: dict[str, str] = {}
    for unit in units:
        if channel.forbids([unit["artifact"]]):
            found[unit["name"]] = "in quarantine until lifted"
        elif channel.quarantine and (whole := _held_whole(reads, channel, unit)):
            found[unit["name"]] = f"with every file of {whole}, which is in quarantine until lifted"
    return found


def listed(found: Mapping[str, str]) -> Iterator[str]:
    """Each reason once, with the names of all units that it applies to."""
    for why in dict.fromkeys(found.values()):
        yield f"{why}: {', '.join(name for name, told in found.items() if told == why)}"


def _held_whole(reads: Reads, channel: Channel, unit: Mapping[str, Any]) -> str | None:
    """The name of a quarantined unit whose files, compared by their digests, are all in this one."""
    held = _contents(unit["files"])
    bad = (*_named(reads, channel, unit["kind"]), *_left(reads, channel, unit["kind"]))
    return next((name for name, files in bad if _contents(files) <= held), None)


def _named(reads: Reads, channel: Channel, kind: str) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The quarantined units of a kind that are known by name and number, and their files."""
    for unit in sorted({one.unit for one in channel.quarantine.values()}):
        place = names.version_named(unit if "/" in unit else f"{reads.policy().org}/{unit}")
        found = reads.document(place) if place and place.startswith(f"{names.VERSIONS}{kind}/") else None
        if found is not None:
            yield unit, found["stated"]["files"]


def _left(reads: Reads, channel: Channel, kind: str) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The units that roll-backs quarantined, and their files; the channel knows them only by artifact and kind."""
    for release in (name for name, new in channel.left.items() if channel.forbids(new)):
        found = reads.document(names.release(release))
        unit = found["units"].get(kind) if found else None
        if unit and channel.forbids([unit["artifact"]]):
            yield unit["name"], unit["files"]


def _contents(files: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(file["sha256"] for file in files)
