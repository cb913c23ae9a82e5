# SPDX-License-Identifier: Apache-2.0
"""What did a step decide, on which facts? Recorded so that a replay of the decision gives the same bytes.

A decision about a completion, a unit, a merge or a move is stored in the resulting document, under `decision`; every other
decision is a document of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

from federation.core import names
from federation.core.digest import digest
from federation.core.event import Event
from federation.core.outcome import Outcome

Trace = Sequence[Mapping[str, Any]]
"""What `gather` read: `{"what": question, "of": name, "is": answer or its digest}`, in the order it was read."""

TOLD_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "validate": (names.SETTLED, names.WAITING),
    "gate": (names.REPORTS,),
    "fuse": (names.MERGES, names.ASKED),
}
"""By step, prefixes of the documents that contain its decisions, beside those under DECISIONS."""
DECIDED_IN: Final = (names.DECISIONS, *chain.from_iterable(TOLD_IN.values()))
"""Prefixes of all documents that contain decisions."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One step's decision about one event at one moment (RFC 3339, UTC), on what it read.

    `guessed` are names assumed free without a read; a wrong guess surfaces as a conflict on write.
    """

    step: str
    event: Event
    now: str
    trace: Trace
    outcome: Outcome
    guessed: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The document's name; the same outcome for the same event has the same name, whenever it was decided."""
        if self.outcome.told_in:
            return self.outcome.told_in
        return f"{names.decisions(self.step, self.event.id)}{names.short(digest(summary(self.outcome)))}"

    def channels(self) -> Iterator[tuple[str, int]]:
        """Each channel that was read, and its counter at that moment."""
        for entry in self.trace:
            if entry["what"] == "channel":
                yield entry["of"], entry["is"]["counter"] if entry["is"] else 0

    def knew(self, name: str) -> bool:
        """Whether a document of this name was read, and was there."""
        return any(entry["of"] == name and entry["is"] is not None for entry in self.trace)

    def document(self) -> dict[str, Any]:
        """The decision as it is stored."""
        return {
            "schema": "decision.v1",
            "step": self.step,
            "event": self.event.document(),
            "now": self.now,
            "reads": list(self.trace),
            "outcome": summary(self.outcome),
        }


def decision_in(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The decision in a stored document, or the document itself if it is one; None if there is none."""
    if document.get("schema") == "decision.v1":
        return document
    found: Mapping[str, Any] | None = document.get("decision")
    return found


def places(step: str, event: Event) -> tuple[str, ...]:
    """Prefixes to search for a step's decisions about an event; others are there too, so check step and event."""
    own = names.decisions(step, event.id)
    match step:
        case "validate":
            return (own, names.settled(event.id), names.waiting(event.id))
        case "gate" if "kind" in event.data:
            return (own, names.reports(event.data["kind"], event.data["number"]))
        case "fuse":
            return (own, names.merge(event.data.get("merge", {}).get("event", event.id)), names.asked(event.id))
        case _:
            return (own,)


def summary(outcome: Outcome) -> dict[str, Any]:
    """An outcome with digests in place of its documents, so that a replay compares every byte without a second copy."""
    return {
        "why": outcome.why,
        "documents": {kept.name: digest(kept.value) for kept in outcome.documents},
        "move": msgspec.to_builtins(outcome.move) if outcome.move else None,
        "acts": [{"act": type(act).__name__.lower(), **msgspec.to_builtins(act)} for act in outcome.acts],
        "events": [event.document() for event in outcome.events],
    }
