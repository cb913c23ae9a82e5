# SPDX-License-Identifier: Apache-2.0
"""What is announced about a unit that a merge has left out, at first and when the merge is delivered again?"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from federation.core import event as events
from federation.core.decision import decision_in
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import Outcome
from federation.steps.merging.request import merge_id


def with_left_out(event: Event, left_out: Mapping[str, str], outcome: Outcome) -> Outcome:
    """The outcome of a merge, with an event for each new unit that does not fit, which says why it waits.

    Args:
        event: The event that the merge follows from.
        left_out: Why each unit is left out, by its name.
        outcome: The merge's outcome; it is returned unchanged if it is empty or no unit is left out.
    """
    if not (outcome and left_out):
        return outcome
    told = [
        Event(
            type=events.UNIT_LEFT_OUT,
            source="//federation/fuse",
            subject=name,
            time=event.time,
            key=f"{name}|{merge_id(event)}|{digest(why)}",
            data={"unit": name, "why": why},
        )
        for name, why in left_out.items()
    ]
    without = f"Left out: {', '.join(left_out)}, because {'; '.join(dict.fromkeys(left_out.values()))}"
    return replace(outcome, why=f"{outcome.why.rstrip('.')}. {without}", events=(*told, *outcome.events))


def told_at_first(bound: Mapping[str, Any] | None, made: Mapping[str, Any]) -> Sequence[Event]:
    """What a merge's first decision announced about units left out, except for units that are in the release after all.

    Args:
        bound: The document that bound the merge to its release; None if there is none.
        made: The release.
    """
    decision = decision_in(bound) if bound else None
    told = decision["outcome"]["events"] if decision else ()
    held = {unit["name"] for unit in made["units"].values()}
    return [Event.of(one) for one in told if one["type"] == events.UNIT_LEFT_OUT and one["subject"] not in held]
