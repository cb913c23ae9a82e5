# SPDX-License-Identifier: Apache-2.0
"""Which units contain a quarantined unit: the same artifact, or all of its files, under any names?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from federation.core import names
from federation.core.channel import Channel
from federation.gathering import Reads


def quarantine_reasons(reads: Reads, channel: Channel, units: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Why units may not be released, by name; units that may be released are absent.

    Their files are compared with those of every quarantined unit of their kind, whether a person or a roll-back put it
    there.

    Args:
        reads: What the step may read.
        channel: The channel with the quarantine.
        units: The name, kind, artifact and files of each unit.
    """
    reasons: dict[str, str] = {}
    for unit in units:
        if channel.forbids([unit["artifact"]]):
            reasons[unit["name"]] = "in quarantine until lifted"
        elif channel.quarantine and (name := _contained_unit(reads, channel, unit)):
            reasons[unit["name"]] = f"with every file of {name}, which is in quarantine until lifted"
    return reasons


def grouped_reasons(reasons: Mapping[str, str]) -> Iterator[str]:
    """Each reason once, followed by the names of its units."""
    for why in dict.fromkeys(reasons.values()):
        yield f"{why}: {', '.join(name for name, reason in reasons.items() if reason == why)}"


def _contained_unit(reads: Reads, channel: Channel, unit: Mapping[str, Any]) -> str | None:
    """The name of a quarantined unit whose files are all in this one, compared by digest; else None."""
    digests = _file_digests(unit["files"])
    bad = (*_named_units(reads, channel, unit["kind"]), *_left_units(reads, channel, unit["kind"]))
    return next((name for name, files in bad if _file_digests(files) <= digests), None)


def _named_units(reads: Reads, channel: Channel, kind: str) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The name and files of each quarantined unit of a kind that has a version record."""
    for unit in sorted({entry.unit for entry in channel.quarantine.values()}):
        name = names.version_named(unit if "/" in unit else f"{reads.policy().org}/{unit}")
        record = reads.document(name) if name and name.startswith(f"{names.VERSIONS}{kind}/") else None
        if record is not None:
            yield unit, record["stated"]["files"]


def _left_units(reads: Reads, channel: Channel, kind: str) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The name and files of each unit that a roll-back quarantined; the channel has only their artifacts and kinds."""
    for release in (name for name, new in channel.left.items() if channel.forbids(new)):
        document = reads.document(names.release(release))
        unit = document["units"].get(kind) if document else None
        if unit and channel.forbids([unit["artifact"]]):
            yield unit["name"], unit["files"]


def _file_digests(files: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(file["sha256"] for file in files)
