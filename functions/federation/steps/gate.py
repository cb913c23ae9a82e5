# SPDX-License-Identifier: Apache-2.0
"""A unit was accepted: is it good enough to replace what serves?"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from federation.core import event as events
from federation.core import names, uri
from federation.core.channel import Entry
from federation.core.event import Event
from federation.core.gates.compatibility import is_contract_change
from federation.core.gates.evidence import Subject
from federation.core.gates.judging import judge
from federation.core.manifest import Unit, unit_of
from federation.core.outcome import NOTHING, Document, Outcome
from federation.core.policy import Policy
from federation.core.report import Basis, basis_of, reasons, report
from federation.core.statistics.comparison import Verdict
from federation.core.subjects import RECORDS_BYTES, Read, candidate_subject, item_lists, serving_subject
from federation.gathering import Reads
from federation.stored import kept

HEARS = (events.UNIT_ACCEPTED, events.GATE_REQUESTED)

_EVENT_TYPES: Final[Mapping[Verdict, str]] = {
    "pass": events.UNIT_PASSED,
    "fail": events.UNIT_REFUSED,
    "inconclusive": events.UNIT_INCONCLUSIVE,
}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The unit as stored under its version, its evidence, and the evidence of the units it is compared with."""

    basis: Basis
    version: Mapping[str, Any]
    unit: Unit
    candidate: Subject
    baseline: Subject | None
    anchor: Subject | None


class JudgedBefore(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that has a report on this basis already."""

    basis: Basis
    unit: Unit
    report: Mapping[str, Any]


def gather(event: Event, reads: Reads) -> Facts | JudgedBefore | None:
    """The evidence of the unit, of what serves and of the anchor; None for a unit that was never accepted."""
    policy = reads.policy_at_least(event.data.get("policy"))
    channel = reads.channel(policy.channel)
    basis = basis_of(channel, policy)
    version = reads.document(names.version(event.data["kind"], event.data["number"]))
    if version is None or version["unit"] != event.data["unit"]:
        return None
    unit = unit_of(version["stated"])
    earlier = reads.earlier(names.report(basis.digest, unit.kind, unit.number))
    if earlier is not None:
        return JudgedBefore(basis=basis, unit=unit, report=earlier["report"])
    artifacts = [entry.units.get(unit.kind, "") for entry in (channel.serving, channel.anchor) if entry]
    candidate = candidate_subject(unit, _reader(reads, version), policy.rules(unit.kind), others=artifacts)
    anchor = channel.anchor if channel.anchor != channel.serving else None
    return Facts(
        basis=basis,
        version=version,
        unit=unit,
        candidate=candidate,
        baseline=_serving_subject(reads, channel.serving, candidate),
        anchor=_serving_subject(reads, anchor, candidate),
    )


def decide(event: Event, facts: Facts | JudgedBefore | None, policy: Policy, now: str) -> Outcome:
    """Report whether the unit passed. The same evidence on the same basis always gives the same bytes."""
    del now
    if facts is None:
        return NOTHING
    if isinstance(facts, JudgedBefore):
        announcement = _gate_event(event, facts, policy, facts.report)
        return Outcome(why="judged before on this basis", events=(announcement,), repeat=True)
    rules = policy.rules(facts.unit.kind)
    findings = judge(facts.candidate, facts.baseline, facts.anchor, rules)
    document = report(
        name=facts.unit.name,
        kind=facts.unit.kind,
        unit=event.data["unit"],
        basis=facts.basis,
        findings=findings,
        contract_changed=is_contract_change(facts.candidate, facts.baseline, rules.compatibility),
    )
    name = names.report(facts.basis.digest, facts.unit.kind, facts.unit.number)
    return Outcome(
        why=f"{facts.unit.name}: {reasons(document)}",
        documents=(Document(name=name, value={"report": document, "unit": facts.version}),),
        events=(_gate_event(event, facts, policy, document),),
        result=name,
    )


def _serving_subject(reads: Reads, entry: Entry | None, candidate: Subject) -> Subject | None:
    """The evidence of the unit of the candidate's kind in a release; None if the release has no such unit."""
    number = entry.numbers.get(candidate.kind) if entry else None
    if number is None:
        return None
    version = kept(reads, names.version(candidate.kind, number))
    unit = unit_of(version["stated"])
    return serving_subject(unit, _reader(reads, version), reads.policy().rules(unit.kind), known=item_lists(candidate))


def _reader(reads: Reads, version: Mapping[str, Any]) -> Read:
    """A function that reads the unit's files by path, from the place recorded for its version."""
    return lambda path: reads.artifact(uri.file_uri(version["uri"], path), RECORDS_BYTES)


def _gate_event(event: Event, facts: Facts | JudgedBefore, policy: Policy, document: Mapping[str, Any]) -> Event:
    """The event with the report's verdict and, if a merge asked for it, that merge."""
    merge = event.data.get("merge")
    data = {
        "unit": event.data["unit"],
        "kind": facts.unit.kind,
        "number": facts.unit.number,
        "basis": facts.basis.digest,
        "policy": policy.version,
        "why": reasons(document),
        **({"merge": merge} if merge else {}),
    }
    key = f"{event.data['unit']}|{facts.basis.digest}|{merge['event'] if merge else ''}"
    return event.follow_up("gate", _EVENT_TYPES[document["verdict"]], facts.unit.name, key=key, data=data)
