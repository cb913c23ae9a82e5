# SPDX-License-Identifier: Apache-2.0
"""What does `explain` say about a unit?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from federation.cli import inventory
from federation.cli.candidate import next_release
from federation.cli.clock import now
from federation.cli.history import History
from federation.cli.inventory import UnitLine
from federation.cli.output import short
from federation.cli.page import Page
from federation.cli.shelf import Shelf
from federation.core import names
from federation.core.channel import Channel
from federation.gathering import Reads


def page_of_unit(shelf: Shelf, history: History, name: str) -> Page | None:
    """How the unit was judged, on which evidence, and what would have passed; None for an unknown unit."""
    line = inventory.unit(shelf, name)
    if line is None:
        return None
    channel = shelf.channel(shelf.policy().channel)
    reports = _reports(shelf, line)
    latest = reports[-1][1] if reports else None
    decisions = history.about(name)
    documents = dict.fromkeys((*line.documents, *(place for place, _ in reports), *(past.name for past in decisions)))
    return Page(
        subject=name,
        verdict=line.state,
        why=[line.why],
        facts=dict(_facts(shelf, channel, line, latest)),
        findings=latest["findings"] if latest else (),
        led_here=decisions,
        documents=list(documents),
        next_steps=list(_next(shelf, channel, line)),
    )


def _reports(reads: Reads, line: UnitLine) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """The unit's reports with their names; the last one is on the current basis."""
    current = next((place for place in line.documents if place.startswith(names.REPORTS)), "")
    found = [(place, found["report"]) for place in _places(reads, line) if (found := reads.document(place)) is not None]
    return sorted(found, key=lambda one: one[0] == current)


def _places(reads: Reads, line: UnitLine) -> Iterator[str]:
    version = next((place for place in line.documents if place.startswith(names.VERSIONS)), None)
    if version is not None:
        yield from reads.names(f"{version.replace(names.VERSIONS, names.REPORTS, 1)}/")


def _facts(
    reads: Reads, channel: Channel, line: UnitLine, report: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    version = next((reads.document(place) for place in line.documents if place.startswith(names.VERSIONS)), None)
    if version is not None:
        yield "artifact", short(version["artifact"])
        yield "platform", version["platform"]
        yield "lies at", version["uri"]
        yield "completed", version["completed_at"]
    if forbidden := channel.quarantine.get(line.artifact or ""):
        yield "in quarantine", f"since {forbidden.at}, by {forbidden.who}: {forbidden.why}"
    if report is not None:
        basis = report["basis"]["baseline"]
        yield "judged against", f"release {short(basis)}" if basis else "the policy's floors"


def _next(shelf: Shelf, channel: Channel, line: UnitLine) -> Iterator[str]:
    number = names.number_of(line.name)
    following = f"{line.name.rpartition('-v')[0]}-v{number + 1}"
    match line.state:
        case "refused" | "rejected":
            yield f"Mend what the reasons name, and ship it as {following}: {line.name} names its content for ever."
        case "inconclusive":
            yield f"Measure more, as the reasons say, and ship the new evidence as {following}."
        case "quarantined" if line.artifact:
            yield f"Ship other content as {following}; the same bytes are refused under any number."
            yield f"If it was not to blame: federation lift {short(line.artifact)} --who YOU --why 'WHAT WAS WRONG'"
        case "waiting":
            yield "federation tick merge asks the gates now."
        case "passed":
            due = next_release(shelf, channel, now())
            yield (
                f"{due.name} holds it: federation explain {due.name}"
                if due and _holds(shelf, due.name, line.name)
                else "The next merge takes it into a release: federation tick merge"
            )
        case "serving" if channel.forbids([line.artifact or ""]):
            yield "It serves although it is in quarantine: federation rollback --who YOU --why 'WHY'"
        case _:
            yield "Nothing."


def _holds(reads: Reads, release: str, unit: str) -> bool:
    stored = reads.document(names.release(release))
    return stored is not None and unit in {one["name"] for one in stored["units"].values()}
