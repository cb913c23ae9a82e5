# SPDX-License-Identifier: Apache-2.0
"""How is it told what steps decided and carried out?"""

from collections.abc import Iterator, Sequence
from typing import Any

from federation.cli.output import print_json
from federation.wiring.local import Carried


def print_happened(carried: Sequence[Carried], *, as_json: bool) -> None:
    """One line a decision that changed or refused something; JSON is a list of objects."""
    found = list(happened(carried))
    if as_json:
        print_json(found)
        return
    for one in found:
        print(f"{one['step']:10} {one['why']}")
    if not found:
        print("Nothing was to be done.")


def happened(carried: Sequence[Carried]) -> Iterator[dict[str, Any]]:
    """What each step decided, in order; steps that had nothing to do are left out."""
    for one in carried:
        if one.outcome:
            yield {
                "step": one.step,
                "event": one.event.id,
                "subject": one.event.subject,
                "why": one.outcome.why,
                "documents": [document.name for document in one.outcome.documents],
                "moved": one.outcome.move.to["counter"] if one.outcome.move else None,
                "told": [{"type": told.type, "subject": told.subject, "id": told.id} for told in one.outcome.events],
            }
