# SPDX-License-Identifier: Apache-2.0
"""Does an event ask for a merge, and which merge does it belong to?"""

from typing import Any, Final

from federation.core import event as events
from federation.core.event import Event
from federation.core.policy import Policy

_TICKS: Final = frozenset({events.TICK_MERGE, events.MERGE_REQUESTED})
VERDICTS: Final = frozenset({events.UNIT_PASSED, events.UNIT_REFUSED, events.UNIT_INCONCLUSIVE})


def asks_for_merge(event: Event, policy: Policy) -> bool:
    """Whether an event asks for a merge: a tick, an order, a merge's verdict, or any verdict if the policy says so."""
    is_request = event.type in _TICKS or "merge" in event.data
    return is_request or (policy.cadence.merge_on_pass and event.type in VERDICTS)


def is_unasked_refusal(event: Event) -> bool:
    """Whether the event is a verdict other than `pass` that no merge asked for. Other units may wait for it."""
    return event.type in VERDICTS - {events.UNIT_PASSED} and "merge" not in event.data


def merge_reference(event: Event) -> dict[str, Any] | None:
    """The merge that this event belongs to, or None. The merge's gates return their outcomes to it."""
    if event.type in _TICKS:
        return {"event": event.id, "time": event.time}
    merge = event.data.get("merge")
    return dict(merge) if merge else None


def merge_id(event: Event) -> str:
    """The id of the event that asked for the merge. Each id makes one release, however often it is delivered."""
    merge = merge_reference(event)
    return str(merge["event"]) if merge else event.id
