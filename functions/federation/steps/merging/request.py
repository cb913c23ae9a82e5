# SPDX-License-Identifier: Apache-2.0
"""Does an event ask for a merge, and which merge does it belong to?"""

from typing import Any, Final

from federation.core import event as events
from federation.core.event import Event
from federation.core.policy import Policy

_TICKS: Final = frozenset({events.TICK_MERGE, events.MERGE_REQUESTED})
VERDICTS: Final = frozenset({events.UNIT_PASSED, events.UNIT_REFUSED, events.UNIT_INCONCLUSIVE})


def asks(event: Event, policy: Policy) -> bool:
    """Whether it does: a tick, an order, a verdict for a merge, or any verdict where the policy merges on a pass."""
    asked = event.type in _TICKS or "merge" in event.data
    return asked or (policy.cadence.merge_on_pass and event.type in VERDICTS)


def is_unasked_refusal(event: Event) -> bool:
    """Whether the event is a verdict other than `pass` that no merge asked for; other units may have waited for it."""
    return event.type in VERDICTS - {events.UNIT_PASSED} and "merge" not in event.data


def merge_of(event: Event) -> dict[str, Any] | None:
    """The merge that this event belongs to, if any; with it, the outcomes of the merge's gates return to that merge."""
    if event.type in _TICKS:
        return {"event": event.id, "time": event.time}
    found = event.data.get("merge")
    return dict(found) if found else None


def merge_id(event: Event) -> str:
    """The id of the event that asked for the merge, which makes one release, whatever has passed by a redelivery."""
    merge = merge_of(event)
    return str(merge["event"]) if merge else event.id
