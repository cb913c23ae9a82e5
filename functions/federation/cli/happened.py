# SPDX-License-Identifier: Apache-2.0
"""How is it told what steps decided and carried out, and what they did not decide in time?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from federation.cli.output import print_json, short
from federation.core.event import Event
from federation.core.outcome import Outcome

ORDERED: Final = 11
"""Exit code of a command whose order was announced, and not seen carried out while the command waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One step's decision: about which event, why, what it kept, where the channel is since then, what it told."""

    step: str
    event: Event
    why: str
    documents: Sequence[str]
    moved: int | None
    told: Sequence[Event]

    @property
    def told_types(self) -> frozenset[str]:
        """Types of the events that it announced."""
        return frozenset(event.type for event in self.told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What followed from what was announced; about what is `open`, nothing was decided until the wait was over."""

    happened: Sequence[Happened]
    open: Sequence[Event] = ()


def of_outcome(step: str, event: Event, outcome: Outcome) -> Happened:
    """What a step of this process decided."""
    return Happened(
        step=step,
        event=event,
        why=outcome.why,
        documents=[document.name for document in outcome.documents],
        moved=outcome.move.to["counter"] if outcome.move else None,
        told=outcome.events,
    )


def of_decision(document: Mapping[str, Any]) -> Happened:
    """What a decision in the store says."""
    outcome = document["outcome"]
    return Happened(
        step=document["step"],
        event=Event.of(document["event"]),
        why=outcome["why"],
        documents=list(outcome["documents"]),
        moved=outcome["move"]["to"]["counter"] if outcome["move"] else None,
        told=[Event.of(told) for told in outcome["events"]],
    )


def print_happened(followed: Followed, *, as_json: bool) -> None:
    """One line a decision that changed or refused something; JSON is a list of objects."""
    if as_json:
        print_json(list(told(followed)))
        return
    for one in followed.happened:
        print(f"{one.step:10} {one.why}")
    for event in followed.open:
        print(f"{'ordered':10} {_open(event)}; later: federation explain {short(event.id)}")
    if not followed.happened and not followed.open:
        print("Nothing was to be done.")


def told(followed: Followed) -> Iterator[dict[str, Any]]:
    """What each step decided, in order, then what is open, whose `step` is null."""
    for one in followed.happened:
        yield {
            "step": one.step,
            "event": one.event.id,
            "subject": one.event.subject,
            "why": one.why,
            "documents": list(one.documents),
            "moved": one.moved,
            "told": [{"type": event.type, "subject": event.subject, "id": event.id} for event in one.told],
        }
    for event in followed.open:
        nothing: dict[str, Any] = {"documents": [], "moved": None, "told": []}
        yield {"step": None, "event": event.id, "subject": event.subject, "why": _open(event), **nothing}


def _open(event: Event) -> str:
    return f"{event.type} about {event.subject} was announced, and no step has decided anything about it yet"
