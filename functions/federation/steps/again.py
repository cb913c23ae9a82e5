# SPDX-License-Identifier: Apache-2.0
"""What did an earlier delivery of the same event announce, in case it was cut short before anybody heard?"""

from collections.abc import Sequence

from federation.core import names
from federation.core.event import Event
from federation.gathering import Reads


def told_before(reads: Reads, step: str, event: Event) -> Sequence[Event]:
    """The events in the step's stored decisions about an event, in the order of their documents' names."""
    stored = [reads.document(name) for name in reads.names(names.decisions(step, event.id))]
    return [Event.of(told) for decision in stored if decision for told in decision["outcome"]["events"]]
