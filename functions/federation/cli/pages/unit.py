# SPDX-License-Identifier: Apache-2.0
"""What does `explain` say about a unit?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from federation.cli.clock import now
from federation.cli.pages.anchor import anchor_choice
from federation.cli.pages.page import Page
from federation.cli.screen.output import readable, short
from federation.cli.store import inventory
from federation.cli.store.candidate import next_release
from federation.cli.store.history import History, Past
from federation.cli.store.inventory import UnitLine
from federation.cli.store.merges import last_merge, skip_reason
from federation.cli.store.provenance import provenance_facts, provenance_of
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core import instant, names
from federation.core.channel import Channel
from federation.core.decision import decision_in
from federation.core.digest import digest
from federation.gathering import Reads


def page_of_unit(shelf: Shelf, history: History, name: str) -> Page | None:
    """The page about a unit: how it was judged, on which evidence, and what would have passed; None if it is unknown."""
    line = inventory.unit(shelf, name)
    if line is None:
        return None
    channel = shelf.own_channel()
    version = _version(shelf, line)
    reports = _reports(shelf, version, _report_to_show(shelf, channel, line, version)) if version else ()
    latest = reports[-1][1] if reports else None
    decisions = history.about(name)
    others = _rejected_later(version, decisions) if version else ()
    documents = dict.fromkeys((*line.documents, *(place for place, _ in reports), *(past.name for past in decisions)))
    return Page(
        subject=name,
        verdict=line.state,
        why=[line.why],
        facts={
            **dict(_facts(channel, line, version)),
            **dict(_rejected_facts(shelf, line)),
            **dict(_other_content(shelf, others)),
            **dict(_basis_facts(shelf, channel, latest)),
        },
        findings=latest["findings"] if latest else (),
        led_here=decisions,
        documents=list(documents),
        next_steps=[
            *(anchor_choice(latest, channel) if latest and line.state in {"refused", "inconclusive"} else ()),
            *_next(shelf, channel, line, history, decisions),
            *_renumbered(shelf, name, others),
        ],
    )


def _version(reads: Reads, line: UnitLine) -> Mapping[str, Any] | None:
    """The unit's version record; None if the unit was never accepted."""
    return next((reads.document(place) for place in line.documents if place.startswith(names.VERSIONS)), None)


def _report_to_show(shelf: Shelf, channel: Channel, line: UnitLine, version: Mapping[str, Any]) -> str:
    """The name of the report that explains the unit's state; for a serving unit, the one that its release states."""
    release = (
        shelf.document(names.release(channel.serving.name)) if channel.serving and line.state == "serving" else None
    )
    stated = inventory.report_of(shelf, version["kind"], release["units"][version["kind"]]) if release else None
    current = next((place for place in line.documents if place.startswith(names.REPORTS)), "")
    return stated[0] if stated else current


def _reports(reads: Reads, version: Mapping[str, Any], shown: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """The unit's reports with their names, by date, but the one named `shown` last."""
    places = reads.names(names.reports(version["kind"], names.number_of(version["name"])))
    stored = sorted(
        ((place, document) for place in places if (document := reads.document(place)) is not None),
        key=lambda entry: (entry[0] == shown, instant.microseconds(entry[1]["decision"]["now"])),
    )
    return [(place, document["report"]) for place, document in stored]


def _facts(channel: Channel, line: UnitLine, version: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if version is not None:
        yield "artifact", short(version["artifact"])
        yield "platform", version["platform"]
        yield "lies at", version["uri"]
        yield "completed", version["completed_at"]
        yield from provenance_facts(provenance_of(version["stated"]))
    if forbidden := channel.quarantine.get(line.artifact or ""):
        yield "in quarantine", f"since {forbidden.at}, by {forbidden.who}: {forbidden.why}"


def _rejected_facts(reads: Reads, line: UnitLine) -> Iterator[tuple[str, str]]:
    """Where a rejected unit lies, and when it was completed."""
    for place in line.documents:
        stored = reads.document(place) if place.startswith(names.SETTLED) else None
        if stored and (decision := decision_in(stored)):
            yield "lies at", str(stored.get("uri") or decision["event"]["subject"])
            yield "completed", decision["event"]["time"]


def _rejected_later(version: Mapping[str, Any], decisions: Sequence[Past]) -> Sequence[Past]:
    """The decisions that rejected other content under the unit's name after the unit had it."""
    own_events = [
        (past, event) for past in decisions for event in past.outcome["events"] if event["subject"] == version["name"]
    ]
    types = [event["type"] for _, event in own_events]
    since = types.index(events.UNIT_ACCEPTED) if events.UNIT_ACCEPTED in types else len(types)
    later = ((past, event) for past, event in own_events[since:] if event["type"] == events.UNIT_REJECTED)
    return [past for past, event in later if event["data"]["unit"] != version["unit"]]


def _other_content(reads: Reads, others: Sequence[Past]) -> Iterator[tuple[str, str]]:
    """Where the rejected other content under the unit's name lies."""
    arrivals = [
        ((reads.document(past.name) or {}).get("uri") or past.event.subject, past.event.time) for past in others
    ]
    if arrivals:
        yield "other content", "; ".join(f"rejected, lies at {place}, completed {at}" for place, at in arrivals)


def _renumbered(reads: Reads, name: str, others: Sequence[Past]) -> Iterator[str]:
    if others:
        yield f"The other content came too late for this number: to release it, ship it as {_following(reads, name)}."


def _basis_facts(reads: Reads, channel: Channel, report: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """The basis of the report that is shown."""
    if report is None:
        return
    baseline = report["basis"]["baseline"]
    names_by_digest = {entry.digest: entry.name for entry in channel.live()}
    against = names_by_digest.get(baseline, f"release {short(baseline)}") if baseline else "the policy's floors"
    places = reversed(reads.names(names.POLICIES))
    rules = ((place, reads.document(place)) for place in places)
    under = next(
        (stored["version"] for _, stored in rules if stored and digest(stored) == report["basis"]["policy"]), "?"
    )
    yield "judged against", f"{against}, under version {under} of the policy"


def _next(shelf: Shelf, channel: Channel, line: UnitLine, history: History, decisions: Sequence[Past]) -> Iterator[str]:
    following = _following(shelf, line.name)
    match line.state:
        case "rejected":
            yield f"Fix what the reasons name, and ship it again: no content has the name {line.name} yet."
            yield "It is checked again only when its manifest is written again; to send the old event again changes nothing."
        case "refused":
            yield f"Fix what the reasons name, and ship it as {following}: the content of {line.name} never changes."
        case "inconclusive":
            yield f"Measure more, or against what serves now, as the reasons say, and ship the new evidence as {following}."
        case "quarantined" if line.artifact:
            yield f"Ship other content as {following}; the same bytes are refused under any number."
            yield f"If it was not to blame: federation lift {short(line.artifact)} --who YOU --why 'WHAT WAS WRONG'"
        case "waiting":
            yield "To have the gates judge it now: federation tick merge"
        case "superseded":
            yield f"To release this content after all, ship it as {following}."
        case "passed":
            yield _on_the_way(shelf, channel, line, history, decisions)
        case "serving" if channel.forbids([line.artifact or ""]):
            yield "It serves although it is in quarantine: federation rollback --who YOU --why 'WHY'"
        case _:
            yield "There is nothing to do."


def _on_the_way(shelf: Shelf, channel: Channel, line: UnitLine, history: History, decisions: Sequence[Past]) -> str:
    """What comes next for a unit that has passed."""
    due = next_release(shelf, channel, now())
    if due and _holds(shelf, due.name, line.name):
        return f"{due.name} contains it: federation explain {due.name}"
    if left_out := _left_out(line, decisions):
        return f"The last merge left it out: {readable(left_out)}"
    if higher := _higher(shelf, line):
        return f"A merge takes the highest number that has passed, now {higher}."
    if why := _why_no_release(history, decisions):
        return f"The last merge made no release, and the next one makes none while this is so: {readable(why)}"
    return "The next merge takes it into a release: federation tick merge"


def _following(reads: Reads, unit: str) -> str:
    """The next free name of the unit's kind."""
    taken = [int(place.rpartition("/")[2]) for place in reads.names(f"{names.VERSIONS}{inventory.kind_of(unit)}/")]
    return f"{unit.rpartition('-v')[0]}-v{max(names.number_of(unit), *taken, 0) + 1}"


def _higher(shelf: Shelf, line: UnitLine) -> str | None:
    """The unit of the same kind with the highest number that has passed; None if that is this one."""
    kind = inventory.kind_of(line.name)
    passed = [
        other.name
        for other in inventory.units(shelf, every=False).lines
        if other.state == "passed" and inventory.kind_of(other.name) == kind
    ]
    highest = max(passed, key=names.number_of, default=line.name)
    return highest if highest != line.name else None


def _why_no_release(history: History, decisions: Sequence[Past]) -> str:
    """Why the last merge made no release, if the unit had passed by then; else ""."""
    merge = last_merge(history)
    judged = [instant.microseconds(past.now) for past in decisions if past.step == "gate"]
    return skip_reason(merge) if merge and judged and instant.microseconds(merge.now) >= max(judged) else ""


def _holds(reads: Reads, release: str, unit: str) -> bool:
    stored = reads.document(names.release(release))
    return stored is not None and unit in {member["name"] for member in stored["units"].values()}


def _left_out(line: UnitLine, decisions: Sequence[Past]) -> str:
    """Why a merge left the unit out, the last time that one did; "" if none did."""
    announced = [event for past in decisions for event in past.outcome["events"]]
    return next(
        (
            str(event["data"]["why"])
            for event in reversed(announced)
            if event["type"] == events.UNIT_LEFT_OUT and event["subject"] == line.name
        ),
        "",
    )
