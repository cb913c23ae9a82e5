# SPDX-License-Identifier: Apache-2.0
"""Polls for missed jobs, drift of the nodes, changes in the registry, and firing alarms.

The four parts are independent, each with its own services, so that a registry that is down hides no alarm and no drift.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from federation.core.event import Event
from federation.core.outcome import Outcome
from federation.core.policy import Policy
from federation.gathering import Reads
from federation.steps.sweeping import audit, firing, missed, registered

_PARTS: Final = (missed, audit, registered, firing)

HEARS = tuple(type_ for part in _PARTS for type_ in part.HEARS)

_PART_OF: Final[Mapping[str, ModuleType]] = {type_: part for part in _PARTS for type_ in part.HEARS}


def gather(event: Event, reads: Reads) -> Any:
    """The facts of the part that handles this event."""
    return _PART_OF[event.type].gather(event, reads)


def decide(event: Event, facts: Any, policy: Policy, now: str) -> Outcome:
    """The decision of the part that handles this event."""
    outcome: Outcome = _PART_OF[event.type].decide(event, facts, policy, now)
    return outcome
