# SPDX-License-Identifier: Apache-2.0
"""`federation replay`: would today's code decide the same on what was read then, byte for byte?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, cast

import msgspec
import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.screen.output import print_answer, print_json, print_line
from federation.cli.store.differences import differences
from federation.cli.store.history import History
from federation.cli.store.lookup import full_name
from federation.cli.store.shelf import Shelf
from federation.core.decision import decision_in, summary
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.number_text import counted
from federation.errors import REFUSED, ContractError, MissingError
from federation.ports import Ports
from federation.reads import LiveReads
from federation.recorded import RecordedReads
from federation.steps import StepName, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A decision that was taken again. Without differences it has the same bytes."""

    decision: str
    why: str
    differences: Sequence[str]


def replay(
    subject: Annotated[
        str | None,
        typer.Argument(help="A decision, a release, a unit, a step, or an event's first digits.", metavar="SUBJECT"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every stored decision.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Replay stored decisions on their recorded facts, and compare every byte. Exit code 10 if one differs."""
    if every == (subject is not None):
        raise typer.BadParameter("name a subject, or use --all")
    with opened(folder) as home:
        replayed = [_replay(home.ports, name) for name in _chosen(Shelf(home.ports, home.readers), subject)]
    if as_json:
        print_json([asdict(decision) for decision in replayed])
    else:
        _print(replayed)
    if any(decision.differences for decision in replayed):
        raise typer.Exit(REFUSED)


def _chosen(shelf: Shelf, subject: str | None) -> Sequence[str]:
    """The names of the decisions to take again, oldest first.

    Raises:
        MissingError: No decision is about the subject.
    """
    history = History(shelf)
    if subject is None:
        return [past.name for past in history.decisions]
    decisions = history.under(subject) or history.about(subject) or history.on(subject)
    if not decisions and (meant := full_name(shelf, subject)) is not None:
        return _chosen(shelf, meant)
    if not decisions:
        raise MissingError(
            f"no decision about {subject!r:.100} is stored",
            hint="`federation releases` and `federation status` list names.",
        )
    return [past.name for past in decisions]


def _replay(ports: Ports, name: str) -> Replayed:
    document = decision_in(LiveReads(ports).document(name) or {})
    if document is None:
        raise MissingError(f"{name} is gone")
    stored: Mapping[str, Any] = document["outcome"]
    try:
        again = _outcome_again(ports, document)
    except (MissingError, ContractError) as error:
        return Replayed(decision=name, why=stored["why"], differences=[str(error)])
    except (LookupError, TypeError, ValueError) as fault:
        difference = (
            f"what it recorded is damaged or from another version, and the current code cannot decide on it: {fault!r}"
        )
        return Replayed(decision=name, why=stored["why"], differences=[difference])
    same = canonical(again) == canonical(stored)
    found_differences = () if same else differences("$", stored, msgspec.json.decode(canonical(again)))
    return Replayed(decision=name, why=stored["why"], differences=list(found_differences))


def _outcome_again(ports: Ports, document: Mapping[str, Any]) -> dict[str, Any]:
    event = Event.of(document["event"])
    step = load(cast("StepName", document["step"]))
    reads = RecordedReads(document["reads"], ports.store, ports.artifacts)
    facts = step.gather(event, reads)
    return summary(step.decide(event, facts, reads.policy(), document["now"]))


def _print(replayed: Sequence[Replayed]) -> None:
    different = sum(bool(decision.differences) for decision in replayed)
    verdict = f"{different:,} DIFFERENT" if different else "all the same, byte for byte"
    print_answer(
        f"{counted(len(replayed), 'decision')} replayed: {verdict if replayed else 'nothing has been decided yet'}"
    )
    for decision in replayed:
        print_line(f"  {'DIFFERENT' if decision.differences else 'the same '}  {decision.decision}")
        for difference in decision.differences:
            print_line(f"    {difference}")
