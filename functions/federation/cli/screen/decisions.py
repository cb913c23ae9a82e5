# SPDX-License-Identifier: Apache-2.0
"""Prints the decisions of steps, and the events about which nothing was decided in time."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from federation.cli.screen.output import print_json, print_line, readable, short, when
from federation.cli.screen.ready_commands import ready_to_paste
from federation.core import event as events
from federation.core.event import Event
from federation.core.number_text import counted
from federation.core.outcome import Outcome

ORDERED: Final = 11
"""Exit code of a command whose order was announced, but not decided while the command waited."""

_HOLDS: Final = {
    events.LIFT_ORDERED: "the quarantine of {} is lifted: releases may contain it again",
    events.QUARANTINE_ORDERED: "{} is in quarantine: no release may contain it",
    events.HOLD_ORDERED: "promotions are held until somebody resumes them",
    events.RESUME_ORDERED: "promotions are resumed",
    events.ANCHOR_ORDERED: "{} is the anchor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDecision:
    """One step's decision: its event, why, the documents stored, the channel's new counter, and the events announced."""

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
class Progress:
    """The decisions that followed. `open` are the events about which nothing was decided before the wait ended.

    `ended` says why the wait ended early, or is "". `repeated` says that an announced event had been decided before: it is
    the same order, given again within the same second.
    """

    decisions: Sequence[StepDecision]
    open: Sequence[Event] = ()
    ended: str = ""
    repeated: bool = False


def of_outcome(step: str, event: Event, outcome: Outcome) -> StepDecision:
    """The decision of a step that ran in this process."""
    return StepDecision(
        step=step,
        event=event,
        why=outcome.why,
        documents=[document.name for document in outcome.documents],
        moved=outcome.move.to["counter"] if outcome.move else None,
        announced=outcome.events,
    )


def of_decision(document: Mapping[str, Any]) -> StepDecision:
    """A decision from the store."""
    outcome = document["outcome"]
    return StepDecision(
        step=document["step"],
        event=Event.of(document["event"]),
        why=outcome["why"],
        documents=list(outcome["documents"]),
        moved=outcome["move"]["to"]["counter"] if outcome["move"] else None,
        announced=[Event.of(event) for event in outcome["events"]],
    )


def print_progress(progress: Progress, *, as_json: bool, unit_names: Mapping[str, str] | None = None) -> None:
    """Print one line for each decision, without repetitions; as JSON, a list of all decisions.

    Args:
        progress: The decisions and the open events.
        as_json: Whether to print JSON.
        unit_names: The units of each artifact, by its digest.
    """
    if progress.ended:
        print_line(f"federation: stopped waiting: {progress.ended}", to=sys.stderr)
    if as_json:
        print_json(list(decision_objects(progress, unit_names)))
        return
    for line in dict.fromkeys(_line(decision, unit_names or {}) for decision in progress.decisions):
        print_line(line)
    for event in progress.open:
        again = ready_to_paste(f"federation explain {short(event.id)}")
        print_line(f"{'ordered':10} {_undecided(event)}; to check later: {again}")
        if event.type == events.ROLLBACK_ORDERED and event.data.get("release"):
            way = f"federation rollback --from {event.data['release']} --direct --who YOU --why 'WHY'"
            print_line(ready_to_paste(f"{'':10} if its function does not run: {way}"))
    if not progress.decisions and not progress.open:
        print("Nothing to do.")


def decision_objects(progress: Progress, unit_names: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Each decision as JSON, in order; then each open event, whose `step` is null."""
    for decision in progress.decisions:
        yield {
            "step": decision.step,
            "event": decision.event.id,
            "subject": decision.event.subject,
            "holds": holds_since(decision.event, decision.moved, unit_names or {}),
            "why": decision.why,
            "documents": list(decision.documents),
            "moved": decision.moved,
            "told": [{"type": event.type, "subject": event.subject, "id": event.id} for event in decision.announced],
        }
    for event in progress.open:
        nothing: dict[str, Any] = {"documents": [], "moved": None, "told": []}
        yield {
            "step": None,
            "event": event.id,
            "subject": event.subject,
            "holds": None,
            "why": _undecided(event),
            **nothing,
        }


def _line(decision: StepDecision, unit_names: Mapping[str, str]) -> str:
    holds = holds_since(decision.event, decision.moved, unit_names)
    return f"{decision.step:10} {readable('; '.join(filter(None, (holds, decision.why, _requested_gates(decision)))))}"


def _requested_gates(decision: StepDecision) -> str:
    """A clause about the units that a skipped merge has judged first; "" if it asks for no gate."""
    requested = [
        event.subject for event in decision.announced if event.type == events.GATE_REQUESTED and "merge" in event.data
    ]
    if not requested or events.MERGE_SKIPPED not in decision.announced_types:
        return ""
    units = f"{counted(len(requested), 'unit')} must first be evaluated against the current baseline and policy"
    return f"{units}, and those that pass are merged then: {', '.join(requested)}"


def holds_since(order: Event, moved: int | None, unit_names: Mapping[str, str]) -> str | None:
    """What is true since the order, in a few words; None if it moved nothing, or if the decision says so itself.

    Args:
        order: The order.
        moved: The channel's new counter; None after a refusal, or a double click.
        unit_names: The units of each artifact, by its digest.
    """
    if moved is None:
        return None
    if until := order.data.get("until"):
        return f"promotions are held until {when(until)}, or until somebody resumes them"
    template = _HOLDS.get(order.type)
    subject = _artifact(order, unit_names) if "artifact" in order.data else order.data.get("release")
    return template.format(subject) if template else None


def _artifact(order: Event, unit_names: Mapping[str, str]) -> str:
    digest = str(order.data["artifact"])
    units = unit_names.get(digest) or order.data.get("unit")
    return f"{short(digest)} ({units})" if units else short(digest)


def _undecided(event: Event) -> str:
    return f"{event.type} about {event.subject} was announced, and no step has decided anything about it yet"
