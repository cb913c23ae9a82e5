# SPDX-License-Identifier: Apache-2.0
"""The parts of a possible release, and how it differs from the serving one."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from federation.core.digest import Digest, digest
from federation.core.manifest import Unit
from federation.core.policy import Policy
from federation.core.report import Basis
from federation.core.routing import Routing, routing
from federation.core.statistics.comparison import Verdict
from federation.core.version import FIRST, Bump, Version, release_name, version_of


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of a release: new or carried, where it is stored, and its report.

    `verdict` is the report's verdict, for a new unit only. A carried unit passed when it was new.
    """

    unit: Unit
    digest: str
    platform: str
    uri: str
    manifest_uri: str
    origin: Literal["new", "carried"]
    report: str
    verdict: Verdict | None = None
    contract_changed: bool = False
    p95_ms: str | None = None

    def document(self) -> dict[str, Any]:
        """The member as the release's document contains it."""
        return {
            "name": self.unit.name,
            "digest": self.digest,
            "artifact": self.unit.artifact,
            "platform": self.platform,
            "uri": self.uri,
            "manifest": self.manifest_uri,
            "files": [msgspec.to_builtins(file) for file in self.unit.files],
            "origin": self.origin,
            "report": self.report,
            **({} if self.p95_ms is None else {"p95_ms": self.p95_ms}),
        }


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a release is made from.

    `merge` is the id of the event that asked for the merge.
    """

    members: Mapping[str, Member]
    policy: Policy
    basis: Basis
    baseline: Mapping[str, Any] | None
    anchor: Mapping[str, Any] | None
    created_at: str
    merge: str
    quarantined: Sequence[str] = ()
    correlation: Sequence[Mapping[str, Any]] = msgspec.field(default_factory=tuple)

    @property
    def composition(self) -> Digest:
        """The digest of the units and their basis."""
        return composition(self.members, self.basis)

    @property
    def units(self) -> Mapping[str, Unit]:
        """The units by kind."""
        return {kind: member.unit for kind, member in self.members.items()}

    @property
    def voting(self) -> Mapping[str, Any] | None:
        """The voters on safety-critical answers, the rule, and how their errors correlate; None without voters."""
        rule = self.policy.voting
        members = [self.units[kind].name for kind in rule.members if kind in self.units] if rule else []
        if rule is None or not members:
            return None
        return {"rule": rule.rule, "members": members, "correlation": [dict(pair) for pair in self.correlation]}

    @property
    def routing(self) -> Routing:
        """The routes, and their faults."""
        return routing(self.units, self.policy, self.voting)


def composition(members: Mapping[str, Member], basis: Basis) -> Digest:
    """The digest of units and basis. The same units on the same basis are always the same release."""
    return digest({"units": {kind: member.digest for kind, member in members.items()}, "basis": basis.digest})


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the version increases, and why."""

    bump: Bump
    why: str


def change(proposal: Proposal) -> Change:
    """The change from the baseline: major for a contract or API, minor for the set of kinds or routes, else a patch."""
    baseline = proposal.baseline
    if baseline is None:
        return Change(bump="first", why="The first release.")
    if changed := sorted(member.unit.name for member in proposal.members.values() if member.contract_changed):
        return Change(bump="major", why=f"The contract changed with {', '.join(changed)}.")
    if baseline["api"] != proposal.policy.api:
        return Change(bump="major", why=f"The fusion API went from {baseline['api']} to {proposal.policy.api}.")
    before, after = set(baseline["units"]), set(proposal.members)
    if before != after:
        return Change(bump="minor", why=_difference_text("kinds", before, after))
    types = {route["prompt_type"] for route in baseline["routes"]}
    routes = proposal.routing.routes
    if types != (now := {route["prompt_type"] for route in routes}):
        return Change(bump="minor", why=_difference_text("routes", types, now))
    new = sorted(member.unit.name for member in proposal.members.values() if member.origin == "new")
    return Change(bump="patch", why=f"It brings {', '.join(new)}.")


def next_version(proposal: Proposal, taken: Sequence[str]) -> Version:
    """The next version after the baseline's that no other release has.

    Args:
        proposal: What the release is made from.
        taken: Names of all existing releases.
    """
    bump = change(proposal).bump
    version = version_of(proposal.baseline["name"]).next(bump) if proposal.baseline else FIRST
    names = frozenset(taken)
    while release_name(proposal.policy.org, version) in names:
        version = version.next("patch" if bump == "first" else bump)
    return version


def _difference_text(what: str, before: set[str], after: set[str]) -> str:
    parts = [f"gained {', '.join(sorted(after - before))}"] if after - before else []
    parts += [f"lost {', '.join(sorted(before - after))}"] if before - after else []
    return f"The set of {what} {' and '.join(parts)}."
