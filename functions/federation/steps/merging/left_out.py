# SPDX-License-Identifier: Apache-2.0
"""The events about units that a merge has left out, at first and when the merge is delivered again."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from federation.core import event as events
from federation.core.decision import decision_in
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import Outcome
from federation.steps.merging.request import merge_id


def announce_left_out(event: Event, left_out: Mapping[str, str], outcome: Outcome) -> Outcome:
    """The outcome of a merge, with an event for each new unit that does not fit, which says why it waits.

    Args:
        event: The event that the merge follows from.
        left_out: Why each unit is left out, by its name.
        outcome: The merge's outcome; it is returned unchanged if it is empty or no unit is left out.
    """
    if not (outcome and left_out):
        return outcome
    announced = [
        event.follow_up(
            "fuse",
            events.UNIT_LEFT_OUT,
            name,
            key=f"{name}|{merge_id(event)}|{digest(why)}",
            data={"unit": name, "why": why},
        )
        for name, why in left_out.items()
    ]
    text = f"Left out: {', '.join(left_out)}, because {'; '.join(dict.fromkeys(left_out.values()))}"
    return replace(outcome, why=f"{outcome.why.rstrip('.')}. {text}", events=(*announced, *outcome.events))


def left_out_events(bound: Mapping[str, Any] | None, release: Mapping[str, Any]) -> Sequence[Event]:
    """The events of a merge's first decision about units left out, except for units that the release contains.

    Args:
        bound: The document that bound the merge to its release; None if there is none.
        release: The release.
    """
    decision = decision_in(bound) if bound else None
    announced = decision["outcome"]["events"] if decision else ()
    unit_names = {unit["name"] for unit in release["units"].values()}
    return [
        Event.of(event)
        for event in announced
        if event["type"] == events.UNIT_LEFT_OUT and event["subject"] not in unit_names
    ]
