# SPDX-License-Identifier: Apache-2.0
"""What did a step decide, and on which facts? A replay of the recorded decision gives the same bytes.

A decision about a completion, a unit, a merge or a move is stored in the resulting document, under `decision`. Every
other decision has its own document.
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
"""What `gather` read, in that order: `{"what": question, "of": name, "is": answer or its digest}`."""

RESULT_PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "validate": (names.SETTLED, names.WAITING),
    "gate": (names.REPORTS,),
    "fuse": (names.MERGES, names.REGATE_LISTS),
}
"""The prefixes of the results that contain a step's decisions. Its other decisions are under DECISIONS."""
DECISION_PREFIXES: Final = (names.DECISIONS, *chain.from_iterable(RESULT_PREFIXES.values()))
"""The prefixes of all documents that contain decisions."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One step's decision about one event, at one moment (RFC 3339, UTC), with everything it read.

    `guessed` are names that were assumed to be free without a read. A wrong guess causes a conflict on write.
    """

    step: str
    event: Event
    now: str
    trace: Trace
    outcome: Outcome
    guessed: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The document's name. The same outcome for the same event always has the same name."""
        if self.outcome.result:
            return self.outcome.result
        return f"{names.decisions(self.step, self.event.id)}{names.short(digest(summary(self.outcome)))}"

    def channels(self) -> Iterator[tuple[str, int]]:
        """Each channel that was read, with its counter at that time."""
        for entry in self.trace:
            if entry["what"] == "channel":
                yield entry["of"], entry["is"]["counter"] if entry["is"] else 0

    def knew(self, name: str) -> bool:
        """Whether a document of this name was read and existed."""
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
    """The decision in a stored document, which may be the document itself; None if there is none."""
    if document.get("schema") == "decision.v1":
        return document
    decision: Mapping[str, Any] | None = document.get("decision")
    return decision


def places(step: str, event: Event) -> tuple[str, ...]:
    """Prefixes to search for a step's decisions about an event. Check step and event of each result."""
    own = names.decisions(step, event.id)
    match step:
        case "validate":
            return (own, names.settled(event.id), names.waiting(event.id))
        case "gate" if "kind" in event.data:
            return (own, names.reports(event.data["kind"], event.data["number"]))
        case "fuse":
            return (own, names.merge(event.data.get("merge", {}).get("event", event.id)), names.regate_list(event.id))
        case _:
            return (own,)


def summary(outcome: Outcome) -> dict[str, Any]:
    """The outcome with digests instead of documents, which is enough for a replay to compare every byte."""
    return {
        "why": outcome.why,
        "documents": {document.name: digest(document.value) for document in outcome.documents},
        "move": msgspec.to_builtins(outcome.move) if outcome.move else None,
        "acts": [{"act": type(act).__name__.lower(), **msgspec.to_builtins(act)} for act in outcome.acts],
        "events": [event.document() for event in outcome.events],
    }
