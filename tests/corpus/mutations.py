# SPDX-License-Identifier: Apache-2.0
"""How can a valid document be spoilt? One field dropped, replaced, retyped or stretched, anywhere."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from tests.corpus.cases import VALID, Case

Place = tuple[str | int, ...]

ODD_TEXTS = ["", " ", "0", "-0", "00", "1.0", "+1", "1e3", "NaN", "v1", "..", "/", "\u2028", "\x1c", "é", "\U0001f600"]
ODD_NUMBERS = [0, -1, 1, 59, 64, 1.0, 1.5, 2**53 - 1, -(2**53) + 1]
ODD_THINGS = [None, True, False, [], {}, [None], {"": None}]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a document but its root."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in inner:
        yield (*at, key)
        yield from places(held, (*at, key))


def held(document: Any, place: Place) -> Any:
    """What lies at a place."""
    for key in place:
        document = document[key]
    return document


def put(document: Any, place: Place, value: Any) -> Any:
    """A copy with another value at a place."""
    changed = copy.deepcopy(document)
    held(changed, place[:-1])[place[-1]] = value
    return changed


def drop(document: Any, place: Place) -> Any:
    """A copy without a place."""
    changed = copy.deepcopy(document)
    del held(changed, place[:-1])[place[-1]]
    return changed


def _stretched(value: Any) -> list[Any]:
    """What a writer's slip makes of a value."""
    match value:
        case str():
            return [f"{value}\n", f" {value}", value.upper(), value[:-1], value * 40, [value]]
        case bool():
            return [not value, str(value).lower(), int(value)]
        case int():
            return [-value, str(value), float(value), value * 10**6]
        case list():
            return [value * 2, value * 65, value[:1], {str(index): inner for index, inner in enumerate(value)}]
        case dict():
            return [list(value), {f"{key} ": inner for key, inner in value.items()}, {**value, "X": 1}]
    return ["null"]


@st.composite
def spoilt(draw: st.DrawFn) -> Case:
    """A corpus document with one to three of its places spoilt, or by luck left sound."""
    case = draw(st.sampled_from(VALID))
    document = case.document
    for _ in range(draw(st.integers(1, 3))):
        there = list(places(document))
        if not there:
            break
        place = draw(st.sampled_from(there))
        value = held(document, place)
        if draw(st.integers(0, 4)) == 0:
            document = drop(document, place)
        else:
            odd = st.sampled_from([*_stretched(value), *ODD_TEXTS, *ODD_NUMBERS, *ODD_THINGS])
            document = put(document, place, draw(odd))
    return Case(schema=case.schema, name=case.name, document=document)
