# SPDX-License-Identifier: Apache-2.0
"""Repeats the effects of an event that is delivered again, in case the earlier delivery was cut short."""

from collections.abc import Sequence

from federation.core import names
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.outcome import Outcome, shift
from federation.gathering import Reads


def repeat_move(channel: Channel, event: Event) -> Outcome:
    """Announce the move again, and shift the nodes to what the channel says now, in case an earlier shift failed."""
    return Outcome(why="this event has already moved the channel", acts=(shift(channel),), events=(event,), repeat=True)


def earlier_events(reads: Reads, step: str, event_id: str) -> Sequence[Event]:
    """The events that a step's stored decisions about an event announced, in the order of the decisions' names."""
    stored = [reads.document(name) for name in reads.names(names.decisions(step, event_id))]
    return [Event.of(document) for decision in stored if decision for document in decision["outcome"]["events"]]
