# SPDX-License-Identifier: Apache-2.0
"""How are the decisions of steps printed, and events about which nothing was decided in time?"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from federation.cli.screen.output import print_json, print_line, readable, short, when
from federation.cli.screen.pasted import pasted
from federation.core import event as events
from federation.core.counted import counted
from federation.core.event import Event
from federation.core.outcome import Outcome

ORDERED: Final = 11
"""Exit code of a command whose order was announced, but not seen carried out while the command waited."""

_HOLDS: Final = {
    events.LIFT_ORDERED: "{} is lifted: releases may contain it again",
    events.QUARANTINE_ORDERED: "{} is in quarantine: no release may contain it",
    events.HOLD_ORDERED: "promotions are held until somebody resumes them",
    events.RESUME_ORDERED: "promotions go on",
    events.ANCHOR_ORDERED: "{} is the anchor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One step's decision: its event, why, the documents kept, the channel's new counter, and the events announced."""

    step: str
    event: Event
    why: str
    documents: Sequence[str]
    moved: int | None
    announced: Sequence[Event]

    @property
    def announced_types(self) -> frozenset[str]:
        """Types of the events that it announced."""
        return frozenset(event.type for event in self.announced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The decisions that followed; `open` are events about which nothing was decided before the wait ended.

    `ended` says why it ended before its time.
    """

    happened: Sequence[Happened]
    open: Sequence[Event] = ()
    ended: str = ""


def of_outcome(step: str, event: Event, outcome: Outcome) -> Happened:
    """What a step of this process decided."""
    return Happened(
        step=step,
        event=event,
        why=outcome.why,
        documents=[document.name for document in outcome.documents],
        moved=outcome.move.to["counter"] if outcome.move else None,
        announced=outcome.events,
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
        announced=[Event.of(event) for event in outcome["events"]],
    )


def print_happened(followed: Followed, *, as_json: bool, named: Mapping[str, str] | None = None) -> None:
    """One line a decision that changed or refused something, the same line once; JSON is a list of all, as objects.

    Args:
        followed: What happened.
        as_json: Whether to print JSON.
        named: The units of artifacts by digest, for what is said of an artifact.
    """
    if followed.ended:
        print_line(f"federation: no longer waiting: {followed.ended}", to=sys.stderr)
    if as_json:
        print_json(list(rendered(followed, named)))
        return
    for line in dict.fromkeys(_line(one, named or {}) for one in followed.happened):
        print_line(line)
    for event in followed.open:
        again = pasted(f"federation explain {short(event.id)}")
        print_line(f"{'ordered':10} {_open(event)}; once one has, look again with: {again}")
        if event.type == events.ROLLBACK_ORDERED and event.data.get("release"):
            way = f"federation rollback --from {event.data['release']} --direct --who YOU --why 'WHY'"
            print_line(pasted(f"{'':10} if its function does not run, without it: {way}"))
    if not followed.happened and not followed.open:
        print("There was nothing to do.")


def rendered(followed: Followed, named: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Each decision as JSON, in order, then each open event, whose `step` is null; `named` as for `print_happened`."""
    for one in followed.happened:
        yield {
            "step": one.step,
            "event": one.event.id,
            "subject": one.event.subject,
            "holds": holds_since(one.event, one.moved, named or {}),
            "why": one.why,
            "documents": list(one.documents),
            "moved": one.moved,
            "told": [{"type": event.type, "subject": event.subject, "id": event.id} for event in one.announced],
        }
    for event in followed.open:
        nothing: dict[str, Any] = {"documents": [], "moved": None, "told": []}
        yield {"step": None, "event": event.id, "subject": event.subject, "holds": None, "why": _open(event), **nothing}


def _line(one: Happened, named: Mapping[str, str]) -> str:
    holds = holds_since(one.event, one.moved, named)
    return f"{one.step:10} {readable('; '.join(filter(None, (holds, one.why, _goes_on(one)))))}"


def _goes_on(one: Happened) -> str:
    """That a merge which was skipped asks for gates, and goes on after them, if it does."""
    asked = [event.subject for event in one.announced if event.type == events.GATE_REQUESTED and "merge" in event.data]
    if not asked or events.MERGE_SKIPPED not in one.announced_types:
        return ""
    units = f"{counted(len(asked), 'unit')} must first be judged on what holds now"
    return f"{units}, and what passes is merged then: {', '.join(asked)}"


def holds_since(order: Event, moved: int | None, named: Mapping[str, str]) -> str | None:
    """In a few words what holds since the order; None if it moved nothing, or if the decision says it itself.

    Args:
        order: The order.
        moved: The channel's new counter; None after a refusal, or a double click.
        named: The units of artifacts, by digest.
    """
    if moved is None:
        return None
    if until := order.data.get("until"):
        return f"promotions are held until {when(until)}, or until somebody resumes them"
    found = _HOLDS.get(order.type)
    about = _artifact(order, named) if "artifact" in order.data else order.data.get("release")
    return found.format(about) if found else None


def _artifact(order: Event, named: Mapping[str, str]) -> str:
    digest = str(order.data["artifact"])
    units = named.get(digest) or order.data.get("unit")
    return f"{short(digest)} ({units})" if units else short(digest)


def _open(event: Event) -> str:
    return f"{event.type} about {event.subject} was announced, and no step has decided anything about it yet"
