# SPDX-License-Identifier: Apache-2.0
"""What was decided in a home, in which order, and what led to what?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from federation.core import names
from federation.core.decision import DECIDED_IN, decision_in
from federation.core.event import Event
from federation.ports import Reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One stored decision: where it lies, which step took it when about which event, and its outcome."""

    name: str
    step: str
    now: str
    event: Event
    outcome: Mapping[str, Any]

    @property
    def why(self) -> str:
        """The outcome in a sentence."""
        return str(self.outcome["why"])

    @property
    def told(self) -> tuple[str, ...]:
        """Ids of the events that it announced."""
        return tuple(event["id"] for event in self.outcome["events"])

    @property
    def told_types(self) -> tuple[str, ...]:
        """Types of the events that it announced."""
        return tuple(event["type"] for event in self.outcome["events"])

    def mentions(self, subject: str) -> bool:
        """Whether it is about a release or a unit: the event is, one that it announced is, or its sentence names it."""
        if subject in (self.event.subject, *(event["subject"] for event in self.outcome["events"])):
            return True
        return re.search(rf"(?<![\w./-]){re.escape(subject)}(?![\w-]|\.\d)", self.why) is not None


class History:
    """Every stored decision, oldest first; those of one moment in the order in which they led to each other."""

    def __init__(self, reads: Reads) -> None:
        stored = [name for prefix in DECIDED_IN for name in reads.names(prefix)]
        found = [past for name in stored if (past := _past(reads, name))]
        self._by_telling = {id_: past for past in found for id_ in past.told}
        self.decisions: Sequence[Past] = sorted(found, key=lambda past: (past.now, len(self.led_to(past)), past.name))

    def led_to(self, past: Past) -> Sequence[Past]:
        """The decisions that led to this one, the first of them first."""
        chain: list[Past] = []
        while (earlier := self._by_telling.get(past.event.id)) is not None and earlier not in chain:
            chain.append(earlier)
            past = earlier
        return chain[::-1]

    def about(self, subject: str) -> Sequence[Past]:
        """Every decision that mentions a release or a unit."""
        return [past for past in self.decisions if past.mentions(subject)]

    def on(self, event_prefix: str) -> Sequence[Past]:
        """Every decision about an event, or about those that it led to, by the first digits of its id."""
        digits = names.short(event_prefix)
        return [
            past for past in self.decisions if any(names.short(one).startswith(digits) for one in self._roots(past))
        ]

    def _roots(self, past: Past) -> Iterator[str]:
        yield past.event.id
        yield from (earlier.event.id for earlier in self.led_to(past))


def _past(reads: Reads, name: str) -> Past | None:
    document = decision_in(reads.document(name) or {})
    if document is None:
        return None
    return Past(
        name=name,
        step=document["step"],
        now=document["now"],
        event=Event.of(document["event"]),
        outcome=document["outcome"],
    )
