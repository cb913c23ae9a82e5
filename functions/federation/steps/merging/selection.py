# SPDX-License-Identifier: Apache-2.0
"""Which units could be in the next release: passed on this basis, carried over, still to be judged, or forbidden?

A unit has at most one report on a basis, under a name that can be derived, so a listing of versions is enough to find
all reports. The report's document contains the unit too.
"""

from collections.abc import Container, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

import msgspec

from federation.core import instant, names, uri
from federation.core.admission import manifest_faults, origin_faults
from federation.core.channel import Channel
from federation.core.checklist import refusals
from federation.core.digest import digest
from federation.core.fitting import FittingSubset, fitting_subset
from federation.core.manifest import unit_of
from federation.core.policy import Policy
from federation.core.proposal import Member, Proposal
from federation.core.report import Basis
from federation.core.subjects import RECORDS_BYTES
from federation.gathering import Reads
from federation.steps.quarantine import grouped_reasons, quarantine_reasons
from federation.stored import kept

NOTHING_NEW: Final = "no unit newer than what serves has passed"
"""Why a merge makes no release on a quiet day, when nothing stops it. Stored events contain these words."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The members of the next release by kind, and the version records of units without a report.

    Three fields say why units that passed are not members: `forbidden`, by name, that they contain what is in
    quarantine; `barred`, that this policy no longer admits them; `left_out`, by name, that they do not fit together
    with the rest. `waiting_since` is when the oldest new member was completed, `completed_at` when the newest was.
    """

    members: Mapping[str, Member] = msgspec.field(default_factory=dict)
    unjudged: Sequence[Mapping[str, Any]] = ()
    forbidden: Mapping[str, str] = msgspec.field(default_factory=dict)
    barred: Sequence[str] = ()
    left_out: Mapping[str, str] = msgspec.field(default_factory=dict)
    waiting_since: str | None = None
    completed_at: str | None = None


Reports = Mapping[tuple[str, int], Mapping[str, Any] | None]
"""By kind and number, for units newer than what serves: the document of the report on this basis, or None."""


def newer_reports(reads: Reads, basis: Basis, serving: Mapping[str, Any] | None) -> Reports:
    """The reports on this basis of all units newer than what serves, of kinds that the matrix has."""
    served, kinds = _serving_numbers(serving), reads.policy().kinds

    def is_newer(name: str) -> bool:
        kind, number = _kind_and_number(name)
        return kind in kinds and number > served.get(kind, 0)

    newer = reads.names(names.VERSIONS, partial(filter, is_newer))
    return {version: reads.document(names.report(basis.digest, *version)) for version in map(_kind_and_number, newer)}


def unjudged_versions(reads: Reads, reports: Reports) -> Sequence[Mapping[str, Any]]:
    """The version records of units without a report."""
    records = [reads.document(names.version(*version)) for version, document in reports.items() if document is None]
    return [record for record in records if record]


def select(reads: Reads, channel: Channel, basis: Basis, serving: Mapping[str, Any] | None) -> Selection:
    """The units that could be released on this basis."""
    newer = newer_reports(reads, basis, serving)
    passed = [record for record in newer.values() if record and record["report"]["verdict"] == "pass"]
    fault_lists = [_policy_faults(record["unit"], reads.policy()) for record in passed]
    admitted = [record for record, faults in zip(passed, fault_lists, strict=True) if not faults]
    shipped = ({**record["unit"], "files": record["unit"]["stated"]["files"]} for record in admitted)
    forbidden = quarantine_reasons(reads, channel, shipped)
    allowed = {record["unit"]["kind"]: record for record in admitted if record["unit"]["name"] not in forbidden}
    fit = _fitting_members(
        reads, channel, basis, serving, {kind: _new_member(record) for kind, record in allowed.items()}
    )
    new_records = [allowed[kind] for kind, member in fit.members.items() if member.origin == "new"]
    completed = sorted((record["unit"]["completed_at"] for record in new_records), key=instant.order)
    return Selection(
        members=fit.members,
        unjudged=unjudged_versions(reads, newer),
        forbidden=forbidden,
        barred=[fault for faults in fault_lists for fault in faults],
        left_out=fit.left_out,
        waiting_since=completed[0] if completed else None,
        completed_at=completed[-1] if completed else None,
    )


def _fitting_members(
    reads: Reads, channel: Channel, basis: Basis, serving: Mapping[str, Any] | None, new: Mapping[str, Member]
) -> FittingSubset:
    """The members of a release. The serving units of the new units' kinds are read only if the new ones do not all fit."""
    proposal = Proposal(
        members={**_carried_members(reads, channel, serving, besides=new), **new},
        policy=reads.policy(),
        basis=basis,
        baseline=serving,
        anchor=None,
        created_at="",
        merge="",
        quarantined=tuple(channel.quarantine),
    )
    if not refusals(proposal):
        return FittingSubset(members=proposal.members)
    others = frozenset(proposal.members) - frozenset(new)
    return fitting_subset(proposal, _carried_members(reads, channel, serving, besides=others))


def _policy_faults(version: Mapping[str, Any], policy: Policy) -> Sequence[str]:
    """Why the policy does not admit a unit that an earlier policy admitted; empty if it does."""
    origin = origin_faults(version["platform"], version["manifest_uri"], "", policy)
    return (*manifest_faults(unit_of(version["stated"]), version["platform"], policy), *origin)


def ballots(reads: Reads, members: Mapping[str, Member]) -> Mapping[str, Mapping[str, bytes | None]]:
    """The records of the safety suites that all voters have run, by unit name and path; empty for a lone voter."""
    voting = reads.policy().voting
    voters = [members[kind] for kind in voting.members if kind in members] if voting else []
    ran = [{name for name, suite in voter.unit.evidence.safety.items() if suite.records} for voter in voters]
    shared = set.intersection(*ran) if len(ran) > 1 else set()
    return {
        voter.unit.name: {
            file.path: reads.artifact(uri.file_uri(voter.uri, file.path), RECORDS_BYTES)
            for name, suite in voter.unit.evidence.safety.items()
            if name in shared and (file := suite.records) is not None
        }
        for voter in voters
    }


def is_awaited(selection: Selection, policy: Policy, now: str) -> bool:
    """Whether a merge waits for a unit to be judged, until the policy's deadline after the unit's completion."""
    oldest = instant.moment(now) - timedelta(hours=policy.fusion.deadline_hours)
    return any(instant.moment(record["completed_at"]) >= oldest for record in selection.unjudged)


def waits_for_quorum(selection: Selection, policy: Policy, new: int, now: str) -> str | None:
    """A sentence about how long a merge waits for more units; None if it does not wait."""
    if new >= policy.fusion.quorum or selection.waiting_since is None:
        return None
    deadline = instant.moment(selection.waiting_since) + timedelta(hours=policy.fusion.deadline_hours)
    if instant.moment(now) >= deadline:
        return None
    return f"{new} of {policy.fusion.quorum} new units have passed; the merge waits until {instant.text(deadline)}"


def nothing_new(selection: Selection) -> str:
    """Why there is nothing to merge."""
    if not (selection.forbidden or selection.barred):
        return NOTHING_NEW
    forbidden = (f"passed, but {reason}" for reason in grouped_reasons(selection.forbidden))
    return "; ".join(("no unit newer than what serves may be released", *forbidden, *selection.barred))


def _serving_numbers(serving: Mapping[str, Any] | None) -> Mapping[str, int]:
    """The version number of each unit that serves, by kind."""
    units = serving["units"] if serving else {}
    return {kind: names.number_of(unit["name"]) for kind, unit in units.items()}


def _kind_and_number(name: str) -> tuple[str, int]:
    kind, _, number = name.removeprefix(names.VERSIONS).partition("/")
    return kind, int(number)


def _carried_members(
    reads: Reads, channel: Channel, serving: Mapping[str, Any] | None, *, besides: Container[str]
) -> dict[str, Member]:
    carry = reads.policy().fusion.carry
    members = {}
    for kind, unit in (serving["units"] if serving else {}).items():
        if kind in besides or kind not in carry or quarantine_reasons(reads, channel, [{**unit, "kind": kind}]):
            continue
        version = kept(reads, names.version(kind, names.number_of(unit["name"])))
        members[kind] = Member(
            unit=unit_of(version["stated"]),
            digest=unit["digest"],
            platform=unit["platform"],
            uri=unit["uri"],
            manifest_uri=unit["manifest"],
            origin="carried",
            report=unit["report"],
            p95_ms=unit.get("p95_ms"),
        )
    return members


def _new_member(record: Mapping[str, Any]) -> Member:
    """The member for the unit in a report's document."""
    version, report = record["unit"], record["report"]
    return Member(
        unit=unit_of(version["stated"]),
        digest=version["unit"],
        platform=version["platform"],
        uri=version["uri"],
        manifest_uri=version["manifest_uri"],
        origin="new",
        report=digest(report),
        verdict=report["verdict"],
        contract_changed=report["contract_changed"],
        p95_ms=_p95(report),
    )


def _p95(report: Mapping[str, Any]) -> str | None:
    values = [finding["numbers"]["p95_ms"] for finding in report["findings"] if "p95_ms" in finding["numbers"]]
    return values[0] if values else None
