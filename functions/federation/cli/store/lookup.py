# SPDX-License-Identifier: Apache-2.0
"""Which release, unit or artifact does a person mean, and which units have an artifact?

Quarantines are imposed and lifted by what a person types, so a few digits are not enough: tomorrow they could mean another
artifact.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import typer

from federation.cli.screen.output import short
from federation.cli.store import inventory
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.channel import Channel, QuarantineEntry
from federation.errors import MissingError

_LEAST_DIGITS: Final = 8
"""Least digits of a digest that name an artifact."""

_UNIT: Final = re.compile(r"(?:[a-z0-9-]+/)?([a-z][a-z0-9-]*)-v(\d{1,9})")
_VERSION: Final = re.compile(r"v?(\d+\.\d+\.\d+)")
_DIGITS: Final = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})")
_SHORT_UNIT: Final = re.compile(r"[a-z][a-z0-9-]*-v\d{1,9}")
_ARTIFACT: Final = re.compile(rf"(?:sha256:)?[0-9a-f]{{{_LEAST_DIGITS},64}}")
_SHORTENED: Final = re.compile(rf"([0-9a-f]{{{_LEAST_DIGITS},64}})(?:\.\.)?")
_ALL: Final = 64
_UNITS: Final = "`federation status --all` lists the units."
_UNKNOWN: Final = (
    f"{_UNITS} A unit that came after the restored backup was made is named by all {_ALL} digits of its artifact "
    '(docs/operations.md, "When a home was restored from a backup").'
)


def artifact_of(shelf: Shelf, text: str) -> dict[str, Any]:
    """The artifact and the unit that it belongs to, as far as they are known.

    Raises:
        MissingError: No such unit has come.
        BadParameter: Neither a unit's name nor enough digits of one digest.
    """
    digits = _digits(text)
    if digits is None:
        version = _version_of(shelf, text)
        return {"artifact": version["artifact"], "unit": version["name"]}
    units: dict[str, str] = {}
    for accepted in _versions(shelf, names.VERSIONS):
        if names.short(accepted["artifact"]).startswith(digits):
            units.setdefault(accepted["artifact"], accepted["name"])
    if len(digits) == _ALL:
        return {"artifact": f"sha256:{digits}", **({"unit": unit} if (unit := units.get(f"sha256:{digits}")) else {})}
    artifact = _only_one(text, units)
    if artifact is None:
        raise MissingError(f"no accepted unit has an artifact that begins with {digits}", hint=_UNITS)
    return {"artifact": artifact, "unit": units[artifact]}


def quarantined_of(shelf: Shelf, channel: Channel, text: str) -> str:
    """The digest of the quarantined artifact that the text means. A whole digest is not checked.

    Raises:
        MissingError: No such artifact is in quarantine.
        BadParameter: Neither a unit's name nor enough digits of one digest.
    """
    digits = _digits(text)
    if digits is not None and len(digits) == _ALL:
        return f"sha256:{digits}"
    if digits is not None:
        artifact = _only_one(text, [digest for digest in channel.quarantine if names.short(digest).startswith(digits)])
    else:
        artifact = _quarantined_unit(channel.quarantine, text) or _version_of(shelf, text)["artifact"]
    if artifact is None or artifact not in channel.quarantine:
        listed = ", ".join(sorted(f"{short(digest)} ({why.unit})" for digest, why in channel.quarantine.items()))
        raise MissingError(f"{text} is not in quarantine", hint=f"In quarantine: {listed or 'nothing'}.")
    return artifact


def release_of(shelf: Shelf, text: str) -> str:
    """The name of the release, given its name or a version like `v1.0.1`.

    Raises:
        MissingError: There is no such release.
    """
    name = text if shelf.document(names.release(text)) is not None else _whole_release(shelf, text)
    if name is None:
        raise MissingError(f"there is no release {text!r:.100}", hint="`federation releases` lists them.")
    return name


def serving(shelf: Shelf) -> str:
    """The name of the release that serves.

    Raises:
        MissingError: Nothing serves yet.
    """
    entry = shelf.own_channel().serving
    if entry is None:
        raise MissingError("nothing serves yet", hint="`federation releases` lists what could be named instead.")
    return entry.name


def full_name(shelf: Shelf, text: str) -> str | None:
    """What is meant by `v1.0.1`, `embedder-v2`, a document, or digits of an artifact, a unit or a parked body."""
    if (release := _whole_release(shelf, text)) is not None:
        return release
    if text.startswith((names.VERSIONS, names.RELEASES)):
        return str((shelf.document(text) or {}).get("name") or "") or None
    if text.startswith(names.JOBS) and (job := shelf.document(text)):
        return str(job["job"]) if text.startswith(names.COMMITTED) else text.rpartition("/")[2]
    return _whole_unit(shelf, text) or _whole_parked(shelf, text)


def units_in_order(shelf: Shelf, channel: Channel, data: Mapping[str, Any]) -> dict[str, str]:
    """The units of the artifact in an order's data, by the artifact; empty if there is none."""
    artifact = data.get("artifact")
    if artifact is None:
        return {}
    unit = data.get("unit") or (channel.quarantine[artifact].unit if artifact in channel.quarantine else "")
    return {artifact: _units_named(shelf, artifact, unit)} if unit else {}


def _whole_unit(shelf: Shelf, text: str) -> str | None:
    """The unit that is meant by `embedder-v2`, or by digits."""
    if not (_SHORT_UNIT.fullmatch(text) or _ARTIFACT.fullmatch(text)):
        return None
    try:
        unit = artifact_of(shelf, text).get("unit")
    except MissingError:
        unit = _rejected(shelf, text)
    return unit or (_unit_of_digest(shelf, names.short(text)) if _ARTIFACT.fullmatch(text) else None)


def _whole_parked(shelf: Shelf, text: str) -> str | None:
    """The only parked body whose name begins with these digits, which the status prints with two dots; or None."""
    match = _SHORTENED.fullmatch(text)
    places = shelf.names(f"{names.PARKED}{match[1]}") if match else ()
    return places[0] if len(places) == 1 else None


def _whole_release(shelf: Shelf, text: str) -> str | None:
    """The release that is meant by `v1.0.1`."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    releases = (name.removeprefix(names.RELEASES) for name in shelf.names(names.RELEASES))
    return next((name for name in releases if name.endswith(f"-v{match[1]}")), None)


def _version_of(shelf: Shelf, text: str) -> dict[str, Any]:
    """The version record of a unit named like `spiralverse/textgen-lora-v12`.

    Raises:
        MissingError: No such unit has come.
        BadParameter: It is not a unit's name.
    """
    match = _UNIT.fullmatch(text)
    if match is None:
        raise typer.BadParameter(
            f"{text!r:.80} is neither a unit's name, such as spiralverse/embedder-v2, nor {_LEAST_DIGITS} or more digits "
            "of an artifact's digest; `federation status` shows both"
        )
    version: dict[str, Any] | None = shelf.document(names.version(match[1], int(match[2])))
    if version is None:
        raise MissingError(f"no unit {text} has been accepted", hint=_UNKNOWN)
    return version


def _rejected(shelf: Shelf, text: str) -> str | None:
    """The full name for `embedder-v2`, if that unit was rejected; else None."""
    name = f"{shelf.policy().org}/{text}"
    return name if _SHORT_UNIT.fullmatch(text) and inventory.unit(shelf, name) else None


def _unit_of_digest(shelf: Shelf, digits: str) -> str | None:
    """The only unit whose digest begins so; or None. A rejection names a unit's content by this digest."""
    units = {
        version["name"]
        for version in _versions(shelf, names.VERSIONS)
        if names.short(version["unit"]).startswith(digits)
    }
    return units.pop() if len(units) == 1 else None


def _units_named(shelf: Shelf, artifact: str, unit: str) -> str:
    """Every unit of an artifact, in a few words: `textgen-lora-v2, -v3`.

    Args:
        shelf: The home.
        artifact: Its digest.
        unit: A unit of the artifact, or its kind; only units of that kind are searched.
    """
    kind = inventory.kind_of(unit)
    units = [
        version["name"] for version in _versions(shelf, f"{names.VERSIONS}{kind}/") if version["artifact"] == artifact
    ]
    numbers = sorted(map(names.number_of, units))
    return ", ".join([f"{kind}-v{numbers[0]}", *(f"-v{number}" for number in numbers[1:])]) if numbers else unit


def _digits(text: str) -> str | None:
    """The digits of a digest; None if the text is not a digest.

    Raises:
        BadParameter: There are too few digits.
    """
    match = _DIGITS.fullmatch(text.lower())
    if match is not None and len(match[1]) < _LEAST_DIGITS:
        raise typer.BadParameter(
            f"{text} has only {len(match[1])} digits; name an artifact by its unit, or by {_LEAST_DIGITS} or more digits"
        )
    return match[1] if match else None


def _only_one(text: str, artifacts: Iterable[str]) -> str | None:
    """The only artifact, or None if there is none.

    Raises:
        BadParameter: There are several.
    """
    several = sorted(artifacts)
    if len(several) > 1:
        raise typer.BadParameter(f"{text} could be {len(several)} artifacts; type more digits: {', '.join(several)}")
    return several[0] if several else None


def _quarantined_unit(quarantine: Mapping[str, QuarantineEntry], unit: str) -> str | None:
    """The only artifact in quarantine under that unit's name; or None."""
    artifacts = [artifact for artifact, why in quarantine.items() if why.unit == unit]
    return artifacts[0] if len(artifacts) == 1 else None


def _versions(shelf: Shelf, prefix: str) -> Iterator[Mapping[str, Any]]:
    stored: Sequence[str] = shelf.names(prefix)
    return (version for _, version in shelf.documents(stored))
