# SPDX-License-Identifier: Apache-2.0
"""How is a dead letter printed?"""

from collections.abc import Mapping
from typing import Any

from federation.cli.output import readable, when
from federation.ports import DeadLetter


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
    why = readable(page["failure"] or "the step's log says why")
    return f"{page['step']} could not handle {page['type']} about {page['subject']} of {when(page['at'])}: {why}"
