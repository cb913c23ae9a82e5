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
    "It is stored, but nothing is decided about it yet: it is on its way, its delivery became a dead letter, or it was not "
    "announced because the process that received it was stopped."
)
_NEXT: Final = (
    "If `federation redrive --dry-run` lists it, fix that cause first. If not, and it stays so, a sweep announces it: "
    "federation tick sweep"
)


def page_of_completion(shelf: Shelf, subject: str) -> Page | None:
    """The page of a completion without a decision; None if there is not just one.

    Args:
        shelf: The home's documents.
        subject: A URI, for the latest completion there, or the first digits of an event's id.
    """
    if "://" in subject:
        completions = [completion for completion in undecided(shelf, every=True)[0] if subject in _places(completion)][
            -1:
        ]
    else:
        completions = list(undecided(shelf, beginning=subject.removeprefix(names.EVENTS))[0])
    if len(completions) != 1:
        return None
    (completion,) = completions
    return Page(
        subject=completion["subject"],
        verdict="received",
        why=[_WHY],
        facts={"event": short(completion["event"]), "completed": when(completion["at"])},
        documents=[completion["document"]],
        next_steps=[_NEXT],
    )


def _places(received: Mapping[str, Any]) -> Iterator[str]:
    """The URIs of a completion: its subject, and what it ships and the manifest of that."""
    yield received["subject"]
    if place := received["uri"]:
        yield from (place, uri.manifest(place))
