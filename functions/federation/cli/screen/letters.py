# SPDX-License-Identifier: Apache-2.0
"""How is a dead letter printed, and how are many of one cause?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from federation.cli.screen.output import readable, when
from federation.cli.screen.pasted import pasted
from federation.ports import DeadLetter

_IN_THE_LOG: Final = 'the step\'s log says why (docs/operations.md, "Dead letters in a cloud")'
_PARTICULAR: Final = re.compile(r"\S*[\d/]\S*")
"""A word that differs between two letters of one cause: a place, a digest, a time."""


def page_of(letter: DeadLetter) -> dict[str, Any]:
    """The letter as JSON."""
    return {
        "id": letter.id,
        "step": letter.step,
        "event": letter.event.id,
        "type": letter.event.type,
        "subject": letter.event.subject,
        "at": letter.at,
        "attempts": letter.attempts,
        "failure": letter.failure,
    }


def sentence(page: Mapping[str, Any]) -> str:
    """The letter on a screen."""
    why = readable(page["failure"] or _IN_THE_LOG)
    return f"{page['step']} could not handle {page['type']} about {page['subject']} of {when(page['at'])}: {why}"


def alike(pages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The oldest letter of each cause on a screen, and how many more there are."""
    causes: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for page in pages:
        cause = (page["step"], page["type"], _PARTICULAR.sub("", page["failure"]))
        causes.setdefault(cause, []).append(page)
    for first, *more in causes.values():
        yield sentence(first)
        if more:
            all_of_them = pasted("federation redrive --dry-run")
            yield f"  and {len(more):,} more like it, the last of {when(more[-1]['at'])}: {all_of_them}"
