# SPDX-License-Identifier: Apache-2.0
"""What does `explain` say about a completion that was received, and about which nothing is decided yet?"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from federation.cli.pages.page import Page
from federation.cli.screen.output import short, when
from federation.cli.store.shelf import Shelf
from federation.cli.store.unsettled import undecided
from federation.core import names, uri

_WHY: Final = (
    "It is stored, and nothing is decided about it: it is on its way, its delivery became a dead letter, or it was not "
    "announced, as when whoever received it was stopped."
)
_NEXT: Final = (
    "If `federation redrive --dry-run` lists it, mend that cause first. If not, and it stays so, a sweep sends it on: "
    "federation tick sweep"
)


def page_of_received(shelf: Shelf, written: str) -> Page | None:
    """The only completion without a decision whose id begins so, or the latest one of what lies at that place."""
    if "://" in written:
        found = [one for one in undecided(shelf, every=True)[0] if written in _places(one)][-1:]
    else:
        found = list(undecided(shelf, beginning=written.removeprefix(names.EVENTS))[0])
    if len(found) != 1:
        return None
    (one,) = found
    return Page(
        subject=one["subject"],
        verdict="received",
        why=[_WHY],
        facts={"event": short(one["event"]), "completed": when(one["at"])},
        documents=[one["document"]],
        next_steps=[_NEXT],
    )


def _places(received: Mapping[str, Any]) -> Iterator[str]:
    """Where the completion says that something lies, and where its manifest is then."""
    yield received["subject"]
    if place := received["uri"]:
        yield from (place, uri.manifest(place))
