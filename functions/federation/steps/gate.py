# SPDX-License-Identifier: Apache-2.0
"""A unit was accepted: is it good enough to take the place of what serves?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core import event as events
from federation.core import names, uri
from federation.core.channel import Entry
from federation.core.event import Event
from federation.core.gates import judge
from federation.core.gates.compatibility import is_contract_change
from federation.core.gates.evidence import Subject
from federation.core.manifest import Unit, unit_of
from federation.core.outcome import NOTHING, Document, Outcome
from federation.core.policy import Policy
from federation.core.report import Basis, basis_of, report
from federation.core.statistics.comparison import Verdict
from federation.core.testimony import RECORDS_BYTES, Read, items, standing, subject
from federation.ports import Reads

HEARS = (events.UNIT_ACCEPTED, events.GATE_REQUESTED)

_TOLD: Final[Mapping[Verdict, str]] = {
    "pass": events.UNIT_PASSED,
    "fail": events.UNIT_REFUSED,
    "inconclusive": events.UNIT_INCONCLUSIVE,
}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The unit, what it is judged against, and the report on that basis if there is one already."""

    basis: Basis
    unit: Unit
    candidate: Subject | None = None
    baseline: Subject | None = None
    anchor: Subject | None = None
    verdict: Verdict | None = None
    why: str = ""


def gather(event: Event, reads: Reads) -> Facts | None:
    """The evidence of the unit, of what serves, and of the anchor; None for a unit that was never accepted."""
    policy = reads.policy()
    channel = reads.channel(policy.channel)
    basis = basis_of(channel, policy)
    document = reads.document(names.unit(event.data["unit"]))
    if document is None:
        return None
    unit = unit_of(document)
    earlier = _report_name(reads, basis, unit, event.data["unit"])
    if earlier is not None:
        found = reads.document(earlier)
        if found is not None:
            return Facts(
                basis=basis, unit=unit, verdict=found["verdict"], why=_why(found["verdict"], found["findings"])
            )
    candidate = subject(unit, _reader(reads, unit), policy.gates[unit.kind])
    anchor = channel.anchor if channel.anchor != channel.serving else None
    return Facts(
        basis=basis,
        unit=unit,
        candidate=candidate,
        baseline=_served(reads, channel.serving, candidate),
        anchor=_served(reads, anchor, candidate),
    )


def decide(event: Event, facts: Facts | None, policy: Policy, now: str) -> Outcome:
    """A report, and whether the unit passed; the same evidence on the same basis always gives the same bytes."""
    del now
    if facts is None:
        return NOTHING
    if facts.verdict is not None:
        return Outcome(
            why="judged before on this basis", events=(_told(event, facts, facts.verdict, facts.why),), repeat=True
        )
    if facts.candidate is None:
        return NOTHING
    findings = judge(facts.candidate, facts.baseline, facts.anchor, policy.gates[facts.unit.kind])
    document = report(
        name=facts.unit.name,
        kind=facts.unit.kind,
        unit=event.data["unit"],
        basis=facts.basis,
        findings=findings,
        contract_changed=is_contract_change(facts.candidate, facts.baseline),
    )
    verdict: Verdict = document["verdict"]
    name = names.report(facts.basis.digest, facts.unit.kind, facts.unit.number, event.data["unit"], verdict)
    why = _why(verdict, document["findings"])
    return Outcome(
        why=f"{facts.unit.name}: {why}",
        documents=(Document(name=name, value=document),),
        events=(_told(event, facts, verdict, why),),
    )


def _report_name(reads: Reads, basis: Basis, unit: Unit, digest: str) -> str | None:
    prefix = names.report(basis.digest, unit.kind, unit.number, digest, "")
    return next(iter(reads.names(prefix)), None)


def _served(reads: Reads, entry: Entry | None, candidate: Subject) -> Subject | None:
    """The unit of the candidate's kind in a release, with its evidence."""
    release = reads.document(names.release(entry.name)) if entry else None
    stated = release["units"].get(candidate.kind) if release else None
    document = reads.document(names.unit(stated["digest"])) if stated else None
    if document is None:
        return None
    unit = unit_of(document)
    return standing(unit, _reader(reads, unit), reads.policy().gates[unit.kind], known=items(candidate))


def _reader(reads: Reads, unit: Unit) -> Read:
    """Reads a file of the unit from where its version was found."""
    version = reads.document(names.version(unit.kind, unit.number))
    base = version["uri"] if version else ""
    return lambda path: reads.artifact(uri.below(base, path), RECORDS_BYTES)


def _told(event: Event, facts: Facts, verdict: Verdict, why: str) -> Event:
    merge = event.data.get("merge")
    data = {
        "unit": event.data["unit"],
        "kind": facts.unit.kind,
        "number": facts.unit.number,
        "basis": facts.basis.digest,
        "why": why,
        **({"merge": merge} if merge else {}),
    }
    key = f"{event.data['unit']}|{facts.basis.digest}|{merge['event'] if merge else ''}"
    return Event(
        type=_TOLD[verdict], source="//federation/gate", subject=facts.unit.name, time=event.time, key=key, data=data
    )


def _why(verdict: Verdict, findings: Sequence[Mapping[str, Any]]) -> str:
    """The findings that decided, in a sentence."""
    if verdict == "pass":
        return f"all {len(findings)} checks pass"
    decisive = [finding["reason"] for finding in findings if finding["verdict"] != "pass"]
    return "; ".join(decisive) or "a gate had nothing to check"
