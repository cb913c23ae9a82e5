# SPDX-License-Identifier: Apache-2.0
"""Which release, unit or artifact is meant by what a person types, and as which units is an artifact known?

A quarantine is lifted and imposed by what a person types, so a few digits do not do: they could mean another one tomorrow.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import typer

from federation.cli.screen.output import short
from federation.cli.store import inventory
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.channel import Channel, Quarantined
from federation.errors import MissingError

_LEAST_DIGITS: Final = 8
"""Digits of a digest from which on it names an artifact."""

_UNIT: Final = re.compile(r"(?:[a-z0-9-]+/)?([a-z][a-z0-9-]*)-v(\d{1,9})")
_VERSION: Final = re.compile(r"v?(\d+\.\d+\.\d+)")
_DIGITS: Final = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})")
_SHORT_UNIT: Final = re.compile(r"[a-z][a-z0-9-]*-v\d{1,9}")
_ARTIFACT: Final = re.compile(rf"(?:sha256:)?[0-9a-f]{{{_LEAST_DIGITS},64}}")
_SHORTENED: Final = re.compile(rf"([0-9a-f]{{{_LEAST_DIGITS},64}})(?:\.\.)?")
_ALL: Final = 64
_UNITS: Final = "`federation status --all` lists the units."
_UNKNOWN: Final = (
    f"{_UNITS} One that came after a backup that was restored is named by all {_ALL} digits of its artifact "
    '(docs/operations.md, "When a home was restored from a backup").'
)


def artifact_of(shelf: Shelf, written: str) -> dict[str, Any]:
    """The artifact and the unit that it belongs to, as far as they are known.

    Raises:
        MissingError: No such unit has come.
        BadParameter: Neither a unit's name nor enough digits of one digest.
    """
    digits = _digits(written)
    if digits is None:
        version = _version_of(shelf, written)
        return {"artifact": version["artifact"], "unit": version["name"]}
    units: dict[str, str] = {}
    for one in _versions(shelf, names.VERSIONS):
        if names.short(one["artifact"]).startswith(digits):
            units.setdefault(one["artifact"], one["name"])
    if len(digits) == _ALL:
        return {"artifact": f"sha256:{digits}", **({"unit": unit} if (unit := units.get(f"sha256:{digits}")) else {})}
    artifact = _only(written, units)
    if artifact is None:
        raise MissingError(f"no unit has come whose artifact begins with {digits}", hint=_UNITS)
    return {"artifact": artifact, "unit": units[artifact]}


def quarantined_of(shelf: Shelf, channel: Channel, written: str) -> str:
    """The artifact in quarantine that is meant; a whole digest is one, whether it is there or not.

    Raises:
        MissingError: None is meant.
        BadParameter: Neither a unit's name nor enough digits of one digest.
    """
    digits = _digits(written)
    if digits is not None and len(digits) == _ALL:
        return f"sha256:{digits}"
    if digits is not None:
        found = _only(written, [one for one in channel.quarantine if names.short(one).startswith(digits)])
    else:
        found = _named(channel.quarantine, written) or _version_of(shelf, written)["artifact"]
    if found is None or found not in channel.quarantine:
        there = ", ".join(sorted(f"{short(one)} ({why.unit})" for one, why in channel.quarantine.items()))
        raise MissingError(f"{written} is not in quarantine", hint=f"In quarantine: {there or 'nothing'}.")
    return found


def release_of(shelf: Shelf, written: str) -> str:
    """The release of that name, or of one like `v1.0.1`.

    Raises:
        MissingError: There is none.
    """
    name = written if shelf.document(names.release(written)) is not None else _whole_release(shelf, written)
    if name is None:
        raise MissingError(f"there is no release {written!r:.100}", hint="`federation releases` lists them.")
    return name


def serving(shelf: Shelf) -> str:
    """The release that serves, where none is named.

    Raises:
        MissingError: None does yet.
    """
    found = shelf.own_channel().serving
    if found is None:
        raise MissingError("nothing serves yet", hint="`federation releases` lists what could be named instead.")
    return found.name


def whole_name(shelf: Shelf, written: str) -> str | None:
    """What is meant by `v1.0.1`, `embedder-v2`, a document, or digits of an artifact, a unit or a parked body."""
    if (release := _whole_release(shelf, written)) is not None:
        return release
    if written.startswith((names.VERSIONS, names.RELEASES)):
        return str((shelf.document(written) or {}).get("name") or "") or None
    if written.startswith(names.JOBS) and (found := shelf.document(written)):
        return str(found["job"]) if written.startswith(names.COMMITTED) else written.rpartition("/")[2]
    return _whole_unit(shelf, written) or _whole_parked(shelf, written)


def named_in(shelf: Shelf, channel: Channel, data: Mapping[str, Any]) -> dict[str, str]:
    """The units of the artifact that an order is about."""
    artifact = data.get("artifact")
    if artifact is None:
        return {}
    unit = data.get("unit") or (channel.quarantine[artifact].unit if artifact in channel.quarantine else "")
    return {artifact: _units_named(shelf, artifact, unit)} if unit else {}


def _whole_unit(shelf: Shelf, written: str) -> str | None:
    """The unit that is meant by `embedder-v2`, or by digits."""
    if not (_SHORT_UNIT.fullmatch(written) or _ARTIFACT.fullmatch(written)):
        return None
    try:
        unit = artifact_of(shelf, written).get("unit")
    except MissingError:
        unit = _rejected(shelf, written)
    return unit or (_stated_as(shelf, names.short(written)) if _ARTIFACT.fullmatch(written) else None)


def _whole_parked(shelf: Shelf, written: str) -> str | None:
    """The only parked body whose name begins with these digits, which a status on a screen ends with two dots."""
    match = _SHORTENED.fullmatch(written)
    found = shelf.names(f"{names.PARKED}{match[1]}") if match else ()
    return found[0] if len(found) == 1 else None


def _whole_release(shelf: Shelf, written: str) -> str | None:
    """The release that is meant by `v1.0.1`."""
    match = _VERSION.fullmatch(written)
    if match is None:
        return None
    releases = (name.removeprefix(names.RELEASES) for name in shelf.names(names.RELEASES))
    return next((name for name in releases if name.endswith(f"-v{match[1]}")), None)


def _version_of(shelf: Shelf, written: str) -> dict[str, Any]:
    """The version record of a unit named like `spiralverse/textgen-lora-v12`.

    Raises:
        MissingError: No such unit has come.
        BadParameter: It is not a unit's name.
    """
    match = _UNIT.fullmatch(written)
    if match is None:
        raise typer.BadParameter(
            f"{written!r:.80} is neither a unit's name, such as spiralverse/embedder-v2, nor {_LEAST_DIGITS} or more digits "
            "of an artifact's digest; `federation status` shows both"
        )
    found: dict[str, Any] | None = shelf.document(names.version(match[1], int(match[2])))
    if found is None:
        raise MissingError(f"no unit {written} has been accepted", hint=_UNKNOWN)
    return found


def _rejected(shelf: Shelf, written: str) -> str | None:
    """The unit that is meant by `embedder-v2`, if it was only ever rejected."""
    name = f"{shelf.policy().org}/{written}"
    return name if _SHORT_UNIT.fullmatch(written) and inventory.unit(shelf, name) else None


def _stated_as(shelf: Shelf, digits: str) -> str | None:
    """The unit whose digest, with its evidence, begins so: a rejection says which content a name has by that one."""
    found = {one["name"] for one in _versions(shelf, names.VERSIONS) if names.short(one["unit"]).startswith(digits)}
    return found.pop() if len(found) == 1 else None


def _units_named(shelf: Shelf, artifact: str, unit: str) -> str:
    """Every unit of an artifact, in a few words: `textgen-lora-v2, -v3`.

    Args:
        shelf: The home.
        artifact: Its digest.
        unit: The unit, or the kind, as which it is known; only units of its kind are looked through.
    """
    kind = inventory.kind_of(unit)
    found = [one["name"] for one in _versions(shelf, f"{names.VERSIONS}{kind}/") if one["artifact"] == artifact]
    numbers = sorted(map(names.number_of, found))
    return ", ".join([f"{kind}-v{numbers[0]}", *(f"-v{number}" for number in numbers[1:])]) if numbers else unit


def _digits(written: str) -> str | None:
    """The digits that were written; None for anything else.

    Raises:
        BadParameter: They are too few.
    """
    match = _DIGITS.fullmatch(written.lower())
    if match is not None and len(match[1]) < _LEAST_DIGITS:
        raise typer.BadParameter(
            f"{written} is {len(match[1])} digits; name an artifact by {_LEAST_DIGITS} or more of its digest, or by its unit"
        )
    return match[1] if match else None


def _only(written: str, found: Iterable[str]) -> str | None:
    """The only one of them, or None.

    Raises:
        BadParameter: There are several.
    """
    several = sorted(found)
    if len(several) > 1:
        raise typer.BadParameter(f"{written} means {len(several)} artifacts; write more digits: {', '.join(several)}")
    return several[0] if several else None


def _named(quarantine: Mapping[str, Quarantined], unit: str) -> str | None:
    """The only artifact that is in quarantine under that unit's name."""
    found = [artifact for artifact, why in quarantine.items() if why.unit == unit]
    return found[0] if len(found) == 1 else None


def _versions(shelf: Shelf, prefix: str) -> Iterator[Mapping[str, Any]]:
    stored: Sequence[str] = shelf.names(prefix)
    return (version for _, version in shelf.documents(stored))
