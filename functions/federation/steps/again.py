# SPDX-License-Identifier: Apache-2.0
"""What is repeated when an event is delivered again, in case the earlier delivery was cut short?"""

from collections.abc import Sequence

from federation.core import names
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.outcome import Outcome, shift
from federation.gathering import Reads


def moved_before(channel: Channel, told: Event) -> Outcome:
    """Announce the move again, and have the nodes serve what the channel says now, in case an earlier shift failed."""
    return Outcome(why="this event has already moved the channel", acts=(shift(channel),), events=(told,), repeat=True)


def swept_before(reads: Reads, event: Event) -> Sequence[Event]:
    """The events in the sweep's stored decisions about an event."""
    return told_before(reads, "sweep", event.id)


def told_before(reads: Reads, step: str, event_id: str) -> Sequence[Event]:
    """The events in a step's stored decisions about an event, in the order of their documents' names."""
    stored = [reads.document(name) for name in reads.names(names.decisions(step, event_id))]
    return [Event.of(told) for decision in stored if decision for told in decision["outcome"]["events"]]
