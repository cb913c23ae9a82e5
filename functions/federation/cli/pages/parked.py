# SPDX-License-Identifier: Apache-2.0
"""What does `explain` say about a parked body, which a known sender sent and nobody could read?"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from federation.cli.pages.page import Page
from federation.cli.screen.output import shortened, when
from federation.cli.store.shelf import Shelf
from federation.core import instant, names
from federation.core.counted import counted

_BEGINNING: Final = 400
"""Characters of the body that are shown; JSON has all that is kept."""
_SEND: Final = "Nothing delivers it again: have its sender send it as the reason says."
_TRY: Final = (
    "To try it: federation explain {} --json has the body, under content.body; "
    "federation receive --dry-run --authenticated --entry {} --trust TRUST BODY"
)


def page_of_parked(shelf: Shelf, written: str) -> Page | None:
    """The body that is stored under that name, or under the only one that begins so, as a status on a screen has it."""
    found = [place for place in shelf.names(names.PARKED) if place.startswith(written.removesuffix(".."))]
    stored = shelf.document(found[0]) if len(found) == 1 else None
    if stored is None:
        return None
    (place,) = found
    return Page(
        subject=shortened(place),
        verdict="parked",
        why=[f"{stored['error']}: {stored['why']}"],
        facts=dict(_facts(shelf, place, stored)),
        documents=[place],
        next_steps=[_SEND, _TRY.format(place, stored["entry"])],
        content=stored,
    )


def _facts(shelf: Shelf, place: str, stored: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if date := shelf.kept(names.PARKED).get(place):
        yield "came", when(instant.text(datetime.fromtimestamp(date, UTC)))
    yield "entry", stored["entry"]
    yield "length", counted(stored["bytes"], "byte")
    text = " ".join(stored["body"].split())
    yield "begins", text if len(text) <= _BEGINNING else f"{text[:_BEGINNING]} ..."
