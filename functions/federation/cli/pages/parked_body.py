# SPDX-License-Identifier: Apache-2.0
"""What does `explain` say about a parked body, which came from a known sender but could not be read?"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from federation.cli.pages.page import Page
from federation.cli.screen.output import shortened, when
from federation.cli.store.shelf import Shelf
from federation.core import instant, names
from federation.core.number_text import counted

_BEGINNING: Final = 400
"""Most characters of the body that are shown; JSON has all that is stored."""
_SEND: Final = "It is not delivered again: have its sender correct what the reason names and send it once more."
_TRY: Final = (
    "To try it: federation explain {} --json has the body, under content.body; "
    "federation receive --dry-run --authenticated --entry {} --trust TRUST BODY"
)


def page_of_parked(shelf: Shelf, name: str) -> Page | None:
    """The page of the only parked body whose document's name begins with `name`; None if there is not just one."""
    places = [place for place in shelf.names(names.PARKED) if place.startswith(name.removesuffix(".."))]
    document = shelf.document(places[0]) if len(places) == 1 else None
    if document is None:
        return None
    (place,) = places
    return Page(
        subject=shortened(place),
        verdict="parked",
        why=[f"{document['error']}: {document['why']}"],
        facts=dict(_facts(shelf, place, document)),
        documents=[place],
        next_steps=[_SEND, _TRY.format(place, document["entry"])],
        content=document,
    )


def _facts(shelf: Shelf, place: str, stored: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if date := shelf.dates(names.PARKED).get(place):
        yield "came", when(instant.text(datetime.fromtimestamp(date, UTC)))
    yield "entry", stored["entry"]
    yield "length", counted(stored["bytes"], "byte")
    text = " ".join(stored["body"].split())
    yield "begins", text if len(text) <= _BEGINNING else f"{text[:_BEGINNING]} ..."
