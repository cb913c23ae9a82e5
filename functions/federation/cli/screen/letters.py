# SPDX-License-Identifier: Apache-2.0
"""Prints dead letters, and sums up those of one cause."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from federation.cli.clock import now
from federation.cli.screen.output import elapsed, readable, when
from federation.cli.screen.ready_commands import ready_to_paste
from federation.core import instant
from federation.ports import DeadLetter

_IN_THE_LOG: Final = 'the step\'s log says why (docs/operations.md, "Dead letters in a cloud")'
_PARTICULAR: Final = re.compile(r"\S*[\d/]\S*")
"""A word that may differ between two letters of one cause: a place, a digest, a time."""


def page_of(letter: DeadLetter) -> dict[str, Any]:
    """The letter as JSON."""
    return {
        "id": letter.id,
        "step": letter.step,
        "event": letter.event.id,
        "type": letter.event.type,
        "subject": letter.event.subject,
        "at": letter.at,
        "age_seconds": max(0, (instant.microseconds(now()) - instant.microseconds(letter.at)) // 1_000_000),
        "who": letter.event.data.get("who"),
        "outside_window": letter.event.data.get("outside_window") is True,
        "attempts": letter.attempts,
        "failure": letter.failure,
    }


def sentence(page: Mapping[str, Any]) -> str:
    """The letter in a sentence."""
    return _with_failure(page, f"{page['type']} about {page['subject']} of {when(page['at'])}")


def in_full(page: Mapping[str, Any]) -> str:
    """As `sentence`, with the letter's age and who ordered it."""
    return _with_failure(page, delivered(page))


def delivered(page: Mapping[str, Any]) -> str:
    """What was delivered, how long ago, and who ordered it, if it is a person's order: an old order may not be meant now."""
    age = elapsed(page["at"], now()).removeprefix(", for ")
    ago = f" ({age} ago)" if age else ""
    outside = " outside the window" if page["outside_window"] else ""
    ordered = f", ordered by {page['who']}{outside}" if page["who"] else ""
    return f"{page['type']} about {page['subject']} of {when(page['at'])}{ago}{ordered}"


def _with_failure(page: Mapping[str, Any], what: str) -> str:
    return f"{page['step']} could not handle {what}: {readable(page['failure'] or _IN_THE_LOG)}"


def one_per_cause(pages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The oldest letter of each cause in a sentence, and how many more there are."""
    causes: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for page in pages:
        cause = (page["step"], page["type"], _PARTICULAR.sub("", page["failure"]))
        causes.setdefault(cause, []).append(page)
    for first, *more in causes.values():
        yield sentence(first)
        if more:
            all_of_them = ready_to_paste("federation redrive --dry-run")
            yield f"  and {len(more):,} more like it, the last at {when(more[-1]['at'])}: {all_of_them}"
