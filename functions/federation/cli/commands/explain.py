# SPDX-License-Identifier: Apache-2.0
"""`federation explain`: why is something so, what led to it, and what to do next?"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.pages.completion import page_of_completion
from federation.cli.pages.decision import page_of_decision
from federation.cli.pages.page import Page, print_page
from federation.cli.pages.parked_body import page_of_parked
from federation.cli.pages.policy import POLICY, page_of_policy
from federation.cli.pages.release import page_of_release
from federation.cli.pages.unit import page_of_unit
from federation.cli.screen.output import print_json, short
from federation.cli.store.history import History, Past
from federation.cli.store.inventory import kind_of
from federation.cli.store.lookup import full_name
from federation.cli.store.shelf import Shelf
from federation.cli.store.unsettled import undecided, waiting
from federation.core import names
from federation.core.decision import DECISION_PREFIXES
from federation.core.number_text import counted
from federation.errors import MissingError
from federation.steps import STEPS

_EVENT: Final = re.compile(r"(?:sha256:)?[0-9a-f]{6,64}")
_SHOWN: Final = 3
"""Most waiting or undecided completions that are named if a unit is not found."""


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            help="A release, a unit, a job, an event's id or its first digits, a step (for its last decision), `policy`, "
            "`last`, or a document as `status --json` names it.",
            metavar="SUBJECT",
        ),
    ],
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Explain a release, unit, job, event or step: verdict, reasons, and what to do next.

    Also prints the items that flipped, what would have passed, the events that led here, and the name of each document.
    """
    with opened(folder) as home:
        page = page_about(Shelf(home.ports, home.readers), subject)
    if as_json:
        print_json(page.document())
    else:
        print_page(page)


def page_about(shelf: Shelf, subject: str) -> Page:
    """The page about a release, a unit, an event, a step or the last decision.

    Raises:
        MissingError: Nothing is stored about it.
    """
    if subject == POLICY:
        return page_of_policy(shelf)
    if (page := _undecided(shelf, subject)) is not None:
        return page
    history = History(shelf)
    if subject != "last" and shelf.document(names.release(subject)) is not None:
        return page_of_release(shelf, history, subject)
    if (page := page_of_unit(shelf, history, subject)) is not None:
        return page
    if decision := _decision(history, subject):
        return page_of_decision(shelf, history, decision)
    if (name := full_name(shelf, subject)) is not None:
        return page_about(shelf, name)
    if subject == "last":
        raise MissingError("nothing has been decided in this home yet")
    if subject in STEPS:
        raise MissingError(f"{subject} has decided nothing in this home yet")
    raise MissingError(
        f"nothing is stored about {subject!r:.100}; name a release, a unit, a job, an event, a step, `policy`, or `last`",
        hint=" ".join(
            ["`federation releases` and `federation status --all` list the names.", *_where_else(shelf, subject)]
        ),
    )


def _undecided(shelf: Shelf, subject: str) -> Page | None:
    """The page of a parked body, or of a completion without a decision; None if the subject is neither."""
    if subject.startswith(names.PARKED):
        return page_of_parked(shelf, subject)
    is_event = subject.startswith(names.EVENTS) or _EVENT.fullmatch(subject)
    return page_of_completion(shelf, subject) if is_event or "://" in subject else None


def _where_else(shelf: Shelf, subject: str) -> Iterator[str]:
    """Where a unit without a page may be. A manifest's units are not known before all of its files are there."""
    fits = _may_bring(shelf, subject)
    incomplete = [completion for completion in waiting(shelf) if fits(completion)] if shelf.names(names.WAITING) else ()
    if incomplete:
        count = counted(len(incomplete), "completion")
        yield f"Or not all its files have arrived: {count} waiting, such as {_examples(incomplete)}."
    unread, more = undecided(shelf)
    received = [completion for completion in unread if fits(completion)]
    if received:
        count = counted(len(received) + more, "completion")
        yield f"Or it is not decided yet: {count} received, such as {_examples(received)}."
    if names.version_named(subject) and not (incomplete or received):
        yield "Or its event was lost: federation tick sweep"


def _may_bring(shelf: Shelf, subject: str) -> Callable[[Mapping[str, Any]], bool]:
    """A test whether a completion may bring the unit: its place names no kind, or the unit's kind."""
    kind = kind_of(subject)
    kinds = {kind_ for shipped in shelf.policy().matrix.values() for kind_ in shipped}

    def fits(completion: Mapping[str, Any]) -> bool:
        kinds_in_place = {kind_ for kind_ in kinds if kind_ in completion["subject"]}
        return not kinds_in_place or kind in kinds_in_place or kind not in kinds

    return fits


def _examples(completions: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"`federation explain {short(completion['event'])}` ({completion['subject']})"
        for completion in completions[:_SHOWN]
    )


def _decision(history: History, subject: str) -> Past | None:
    """The last decision about the subject; None if there is none."""
    if subject == "last":
        return history.last()
    if subject in STEPS:
        return history.last(subject)
    if subject.startswith(DECISION_PREFIXES):
        return next(reversed(history.under(subject)), None)
    decisions = history.on(subject) if _EVENT.fullmatch(subject) else ()
    ordered = [
        past for past in decisions if past.is_typed and names.short(past.event.id).startswith(names.short(subject))
    ]
    return next(reversed(ordered or decisions or history.about(subject)), None)
