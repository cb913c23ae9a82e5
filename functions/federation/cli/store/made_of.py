# SPDX-License-Identifier: Apache-2.0
"""Which job, code, image and data made a unit, and which suite judged it?"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation.cli.store.shelf import Shelf, lost
from federation.core import names

_MADE_BY: Final = {"job": "job", "source": "code", "image": "image"}
"""The words that people use for the members of a unit's `provenance`."""


def stated(shelf: Shelf, unit: str) -> Mapping[str, Any]:
    """A release's unit as its manifest states it.

    Raises:
        MissingError: Its version is lost: to leave it out would be to say that it was made of nothing.
    """
    place = names.version_named(unit)
    version = shelf.document(place) if place else None
    if version is None:
        raise lost(f"{place}, which says what {unit} was made of,")
    return dict(version["stated"])


def made_of(unit: Mapping[str, Any]) -> dict[str, Any]:
    """Job, data sets and suite of a unit, as its manifest states them."""
    return {
        "provenance": unit.get("provenance", {}),
        "datasets": unit.get("residency", {}).get("datasets", []),
        "suite": unit.get("evidence", {}).get("quality", {}).get("suite"),
    }


def in_words(made: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The same in a few words each; what is not stated is left out."""
    for member, word in _MADE_BY.items():
        if member in made["provenance"]:
            yield word, str(made["provenance"][member])
    if data := ", ".join(map(_data_set, made["datasets"])):
        yield "data", data
    if suite := made["suite"]:
        yield "suite", f"{suite['name']} ({suite['digest']})"


def _data_set(data: Mapping[str, Any]) -> str:
    return f"{data['name']} ({data['digest']}, {data['platform']} {data['region']})"
