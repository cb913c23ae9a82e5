# SPDX-License-Identifier: Apache-2.0
"""`federation explain`: why is it so, what led here, and what now?"""

import re
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from federation.cli.explain_decision import page_of_decision
from federation.cli.explain_release import page_of_release
from federation.cli.explain_unit import page_of_unit
from federation.cli.history import History, Past
from federation.cli.home import opened
from federation.cli.options import AsJson, Folder
from federation.cli.output import print_json
from federation.cli.page import Page, print_page
from federation.core import names
from federation.errors import MissingError
from federation.reads import LiveReads
from federation.steps import STEPS

_EVENT: Final = re.compile(r"(?:sha256:)?[0-9a-f]{6,64}")


def explain(
    subject: Annotated[
        str,
        typer.Argument(
            help="A release, a unit, an event's id or its first digits, a step for its last decision, or `last`."
        ),
    ],
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Why is it so? The page that a person on call needs.

    Verdict, reasons, the items that flipped, what would have passed, what led here, where each document lies, and what
    to do next.
    """
    with opened(folder) as home:
        page = _page(LiveReads(home.ports), subject)
    if as_json:
        print_json(page.document())
    else:
        print_page(page)


def _page(reads: LiveReads, subject: str) -> Page:
    history = History(reads)
    if subject == "last":
        if not history.decisions:
            raise MissingError("nothing has been decided in this home yet")
        return page_of_decision(reads, history, history.decisions[-1])
    if reads.document(names.release(subject)) is not None:
        return page_of_release(reads, history, subject)
    if (page := page_of_unit(reads, history, subject)) is not None:
        return page
    if found := _decisions(history, subject):
        return page_of_decision(reads, history, found[-1])
    raise MissingError(f"nothing is stored about {subject!r:.100}; name a release, a unit, an event's id, or `last`")


def _decisions(history: History, subject: str) -> Sequence[Past]:
    if subject in STEPS:
        return [past for past in history.decisions if past.step == subject]
    if _EVENT.fullmatch(subject) and (found := history.on(subject)):
        return found
    return history.about(subject)
