# SPDX-License-Identifier: Apache-2.0
"""Which units could be in the next release: passed on this basis, carried over, still to be judged, or forbidden?

A listing is enough to choose: kind, number and verdict stand in the names of reports.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from federation.core import instant, names, uri
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.core.manifest import unit_of
from federation.core.policy import Policy
from federation.core.release import Member
from federation.core.report import Basis
from federation.core.testimony import RECORDS_BYTES
from federation.ports import Reads


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The newest units by kind; version records of those without a report; names of passed ones in quarantine."""

    members: Mapping[str, Member] = msgspec.field(default_factory=dict)
    unjudged: Sequence[Mapping[str, Any]] = ()
    forbidden: Sequence[str] = ()
    waiting_since: str | None = None


def select(reads: Reads, channel: Channel, basis: Basis, serving: Mapping[str, Any] | None) -> Selection:
    """What is there to be released on this basis."""
    served = _numbers(serving)
    judged = _judged(reads.names(names.reports(basis.digest)))
    newer = [found for found in map(_version, reads.names(names.VERSIONS)) if found[1] > served.get(found[0], 0)]
    unjudged = [reads.document(names.version(*found)) for found in newer if found not in judged]
    passed = [(reads, *found, judged[found]) for found in sorted(newer) if judged.get(found, "").endswith("/pass")]
    fresh = [member for member in (_new(*found) for found in passed) if member]
    allowed = [member for member in fresh if not channel.forbids([member.unit.artifact])]
    members = {**_carried(reads, channel, serving), **{member.unit.kind: member for member in allowed}}
    return Selection(
        members=members,
        unjudged=[record for record in unjudged if record],
        forbidden=[member.unit.name for member in fresh if member not in allowed],
        waiting_since=_waiting_since(reads, members),
    )


def ballots(reads: Reads, members: Mapping[str, Member]) -> Mapping[str, Mapping[str, bytes | None]]:
    """The safety records of the units that vote, by unit name and path."""
    voting = reads.policy().voting
    voters = [members[kind] for kind in voting.members if kind in members] if voting else []
    return {
        member.unit.name: {
            file.path: reads.artifact(uri.below(member.uri, file.path), RECORDS_BYTES)
            for suite in member.unit.evidence.safety.values()
            if (file := suite.records) is not None
        }
        for member in voters
    }


def is_awaited(selection: Selection, policy: Policy, now: str) -> bool:
    """Whether a merge waits for a unit to be judged; for one that came longer ago than the deadline it does not."""
    oldest = instant.moment(now) - timedelta(hours=policy.fusion.deadline_hours)
    return any(instant.moment(record["completed_at"]) >= oldest for record in selection.unjudged)


def waits_for_quorum(selection: Selection, policy: Policy, new: int, now: str) -> str | None:
    """Until when a merge waits for more units, if it does."""
    if new >= policy.fusion.quorum or selection.waiting_since is None:
        return None
    deadline = instant.moment(selection.waiting_since) + timedelta(hours=policy.fusion.deadline_hours)
    if instant.moment(now) >= deadline:
        return None
    return f"{new} of {policy.fusion.quorum} new units have passed; the merge waits until {instant.text(deadline)}"


def nothing_new(selection: Selection) -> str:
    """Why there is nothing to merge."""
    why = "no unit has passed that is newer than what serves"
    forbidden = ", ".join(selection.forbidden)
    return (
        f"{why} and not in quarantine: {forbidden} passed and may be in no release until lifted" if forbidden else why
    )


def _numbers(serving: Mapping[str, Any] | None) -> Mapping[str, int]:
    """The version number of each unit that serves, by kind."""
    units = serving["units"] if serving else {}
    return {kind: int(unit["name"].rpartition("-v")[2]) for kind, unit in units.items()}


def _judged(report_names: Sequence[str]) -> Mapping[tuple[str, int], str]:
    """Report name by kind and number."""
    return {(kind, int(number)): name for name in report_names for kind, number in [name.split("/")[2:4]]}


def _version(name: str) -> tuple[str, int]:
    kind, _, number = name.removeprefix(names.VERSIONS).partition("/")
    return kind, int(number)


def _waiting_since(reads: Reads, members: Mapping[str, Member]) -> str | None:
    """When the oldest of the new units was completed."""
    new = [(kind, member.unit.number) for kind, member in members.items() if member.origin == "new"]
    records = [reads.document(names.version(kind, number)) for kind, number in new]
    return min((record["completed_at"] for record in records if record), default=None)


def _carried(reads: Reads, channel: Channel, serving: Mapping[str, Any] | None) -> dict[str, Member]:
    carry = reads.policy().fusion.carry
    members = {}
    for kind, stated in (serving["units"] if serving else {}).items():
        document = reads.document(names.unit(stated["digest"]))
        if kind in carry and document and not channel.forbids([stated["artifact"]]):
            members[kind] = Member(
                unit=unit_of(document),
                digest=stated["digest"],
                platform=stated["platform"],
                uri=stated["uri"],
                manifest_uri=stated["manifest"],
                origin="carried",
                report=stated["report"],
            )
    return members


def _new(reads: Reads, kind: str, number: int, report_name: str) -> Member | None:
    version = reads.document(names.version(kind, number))
    report = reads.document(report_name)
    document = reads.document(names.unit(version["unit"])) if version else None
    if version is None or report is None or document is None:
        return None
    return Member(
        unit=unit_of(document),
        digest=version["unit"],
        platform=version["platform"],
        uri=version["uri"],
        manifest_uri=version["manifest_uri"],
        origin="new",
        report=digest(report),
        contract_changed=report["contract_changed"],
        p95_ms=_p95(report),
    )


def _p95(report: Mapping[str, Any]) -> str | None:
    found = [finding["numbers"]["p95_ms"] for finding in report["findings"] if "p95_ms" in finding["numbers"]]
    return found[0] if found else None
