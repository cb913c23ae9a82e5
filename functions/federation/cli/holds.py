# SPDX-License-Identifier: Apache-2.0
"""What holds now that a person's order is carried out?"""

from collections.abc import Mapping
from typing import Final

from federation.cli.output import short, when
from federation.core import event as events
from federation.core.event import Event

_HOLDS: Final = {
    events.LIFT_ORDERED: "{} is lifted: releases may hold it again",
    events.QUARANTINE_ORDERED: "{} is in quarantine: no release may hold it",
    events.HOLD_ORDERED: "promotions are held until somebody resumes them",
    events.RESUME_ORDERED: "promotions go on",
    events.ANCHOR_ORDERED: "{} is the anchor",
}


def holds_now(order: Event, moved: int | None, named: Mapping[str, str]) -> str | None:
    """In a few words what holds since the order; None if it moved nothing, or if the decision says it itself.

    Args:
        order: The order.
        moved: The channel's new counter; None after a refusal, or a double click.
        named: The units of artifacts, by digest.
    """
    if moved is None:
        return None
    if until := order.data.get("until"):
        return f"promotions are held until {when(until)}, or until somebody resumes them"
    found = _HOLDS.get(order.type)
    about = _artifact(order, named) if "artifact" in order.data else order.data.get("release")
    return found.format(about) if found else None


def _artifact(order: Event, named: Mapping[str, str]) -> str:
    digest = str(order.data["artifact"])
    units = named.get(digest) or order.data.get("unit")
    return f"{short(digest)} ({units})" if units else short(digest)
