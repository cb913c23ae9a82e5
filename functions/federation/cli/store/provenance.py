# SPDX-License-Identifier: Apache-2.0
"""Which job, code, image and data made a unit, and which suite judged it?"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation.cli.store.shelf import Shelf, lost_document
from federation.core import names

_MADE_BY: Final = {"job": "job", "source": "code", "image": "image"}
"""The members of a unit's `provenance`, and the words for them."""


def stated_unit(shelf: Shelf, unit: str) -> Mapping[str, Any]:
    """The unit as its manifest states it.

    Raises:
        MissingError: Its version record is lost.
    """
    place = names.version_named(unit)
    version = shelf.document(place) if place else None
    if version is None:
        raise lost_document(f"{place}, which says what {unit} was made of,")
    return dict(version["stated"])


def provenance_of(unit: Mapping[str, Any]) -> dict[str, Any]:
    """The job, data sets and suite of a unit, as its manifest states them."""
    return {
        "provenance": unit.get("provenance", {}),
        "datasets": unit.get("residency", {}).get("datasets", []),
        "suite": unit.get("evidence", {}).get("quality", {}).get("suite"),
    }


def provenance_facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A word and a few words of text for each of those facts; what is not stated is left out."""
    for member, word in _MADE_BY.items():
        if member in facts["provenance"]:
            yield word, str(facts["provenance"][member])
    if data := ", ".join(map(_data_set, facts["datasets"])):
        yield "data", data
    if suite := facts["suite"]:
        yield "suite", f"{suite['name']} ({suite['digest']})"


def _data_set(data: Mapping[str, Any]) -> str:
    return f"{data['name']} ({data['digest']}, {data['platform']} {data['region']})"
