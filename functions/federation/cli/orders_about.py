# SPDX-License-Identifier: Apache-2.0
"""Which release is meant by a name, and which artifact by a unit's name or the first digits of a digest?

A quarantine is lifted and imposed by what a person types, so a few digits do not do: they could mean another one tomorrow.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import typer

from federation.cli.output import short
from federation.cli.shelf import Shelf
from federation.core import names
from federation.core.channel import Channel, Quarantined
from federation.errors import MissingError

LEAST_DIGITS: Final = 8
"""Digits of a digest from which on it names an artifact."""

_UNIT: Final = re.compile(r"(?:[a-z0-9-]+/)?([a-z][a-z0-9-]*)-v(\d{1,9})")
_VERSION: Final = re.compile(r"v?(\d+\.\d+\.\d+)")
_DIGITS: Final = re.compile(r"(?:sha256:)?([0-9a-f]{1,64})")
_ALL: Final = 64
_UNITS: Final = "`federation status --all` lists the units."


def artifact_of(shelf: Shelf, written: str) -> dict[str, Any]:
    """The artifact and the unit that it belongs to, as far as they are known.

    Raises:
        MissingError: No such unit has come.
        BadParameter: Neither a unit's name nor enough digits of one digest.
    """
    digits = _digits(written)
    if digits is None:
        version = version_of(shelf, written)
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
        found = _named(channel.quarantine, written) or version_of(shelf, written)["artifact"]
    if found is None or found not in channel.quarantine:
        there = ", ".join(sorted(f"{short(one)} ({why.unit})" for one, why in channel.quarantine.items()))
        raise MissingError(f"{written} is not in quarantine", hint=f"In quarantine: {there or 'nothing'}.")
    return found


def version_of(shelf: Shelf, written: str) -> dict[str, Any]:
    """The version record of a unit named like `spiralverse/textgen-lora-v12`.

    Raises:
        MissingError: No such unit has come.
        BadParameter: It is not a unit's name.
    """
    match = _UNIT.fullmatch(written)
    if match is None:
        raise typer.BadParameter(
            f"{written!r:.80} is neither a unit's name, such as spiralverse/embedder-v2, nor {LEAST_DIGITS} or more digits "
            "of an artifact's digest; `federation status` shows both"
        )
    found: dict[str, Any] | None = shelf.document(names.version(match[1], int(match[2])))
    if found is None:
        raise MissingError(f"no unit {written} has been accepted", hint=_UNITS)
    return found


def _units_named(shelf: Shelf, artifact: str, unit: str) -> str:
    """Every unit of an artifact, in a few words: `textgen-lora-v2, -v3`.

    Args:
        shelf: The home.
        artifact: Its digest.
        unit: The unit, or the kind, as which it is known; only units of its kind are looked through.
    """
    match = _UNIT.fullmatch(unit)
    kind = match[1] if match else unit
    found = [one["name"] for one in _versions(shelf, f"{names.VERSIONS}{kind}/") if one["artifact"] == artifact]
    numbers = sorted(map(names.number_of, found))
    return ", ".join([f"{kind}-v{numbers[0]}", *(f"-v{number}" for number in numbers[1:])]) if numbers else unit


def release_of(shelf: Shelf, name: str) -> Mapping[str, Any]:
    """The data that names a release, also one written like `v1.0.1`.

    Raises:
        MissingError: There is none of that name.
    """
    whole = name if shelf.document(names.release(name)) is not None else whole_release(shelf, name)
    if whole is None:
        raise MissingError(f"there is no release {name!r:.100}", hint="`federation releases` lists them.")
    return {"release": whole}


def whole_release(shelf: Shelf, written: str) -> str | None:
    """The release that is meant by `v1.0.1`."""
    match = _VERSION.fullmatch(written)
    if match is None:
        return None
    releases = (name.removeprefix(names.RELEASES) for name in shelf.names(names.RELEASES))
    return next((name for name in releases if name.endswith(f"-v{match[1]}")), None)


def named_in(shelf: Shelf, channel: Channel, data: Mapping[str, Any]) -> dict[str, str]:
    """The units of the artifact that an order is about."""
    artifact = data.get("artifact")
    if artifact is None:
        return {}
    unit = data.get("unit") or (channel.quarantine[artifact].unit if artifact in channel.quarantine else "")
    return {artifact: _units_named(shelf, artifact, unit)} if unit else {}


def _digits(written: str) -> str | None:
    """The digits that were written; None for anything else.

    Raises:
        BadParameter: They are too few.
    """
    match = _DIGITS.fullmatch(written.lower())
    if match is not None and len(match[1]) < LEAST_DIGITS:
        raise typer.BadParameter(
            f"{written} is {len(match[1])} digits; name an artifact by {LEAST_DIGITS} or more of its digest, or by its unit"
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
