# SPDX-License-Identifier: Apache-2.0
"""Which units become one release, under which version, or why do they not?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from federation.core.digest import Digest, digest
from federation.core.manifest import Unit
from federation.core.policy import Policy
from federation.core.report import Basis
from federation.core.routing import fallback, routing
from federation.core.version import FIRST, Bump, Version, release_name, version_of


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of a release: new or carried, where it is stored, and the report by which it passed."""

    unit: Unit
    digest: str
    platform: str
    uri: str
    manifest_uri: str
    origin: Literal["new", "carried"]
    report: str
    contract_changed: bool = False
    p95_ms: str | None = None

    def document(self) -> dict[str, Any]:
        """The member as the release states it."""
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
        }


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """All that a release is made from; a pure function of it gives the document or the reasons against it."""

    members: Mapping[str, Member]
    policy: Policy
    basis: Basis
    baseline: Mapping[str, Any] | None
    anchor: Mapping[str, Any] | None
    created_at: str
    quarantined: Sequence[str] = ()
    correlation: Sequence[Mapping[str, Any]] = msgspec.field(default_factory=tuple)

    @property
    def composition(self) -> Digest:
        """The digest of the set: the same units on the same basis are one release, however often they are merged."""
        units = {kind: member.digest for kind, member in self.members.items()}
        return digest({"units": units, "basis": self.basis.digest})

    @property
    def units(self) -> Mapping[str, Unit]:
        """The units by kind."""
        return {kind: member.unit for kind, member in self.members.items()}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the version moves, and why."""

    bump: Bump
    why: str


def refusals(proposal: Proposal) -> tuple[str, ...]:
    """Every reason not to release this set; none when it may be assembled."""
    return (
        *_incomplete(proposal),
        *_forbidden(proposal),
        *_contract(proposal),
        *routing(proposal.units, proposal.policy, _voting(proposal)).faults,
    )


def assemble(proposal: Proposal, version: Version) -> dict[str, Any]:
    """The release document (schemas/release.v1.json) of a proposal without refusals."""
    policy = proposal.policy
    return {
        "schema": "release.v1",
        "name": release_name(policy.org, version),
        "version": str(version),
        "created_at": proposal.created_at,
        "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
        "baseline": _named(proposal.baseline),
        "anchor": _named(proposal.anchor),
        "composition": proposal.composition,
        "change": msgspec.to_builtins(change(proposal)),
        "api": policy.api,
        "units": {kind: member.document() for kind, member in proposal.members.items()},
        "routes": list(routing(proposal.units, policy, _voting(proposal)).routes),
        "fallback": fallback(proposal.units, policy),
        "distillation": _distillation(proposal),
        "checklist": [msgspec.to_builtins(item) for item in _checklist(proposal)],
    }


def next_version(proposal: Proposal, taken: Sequence[str]) -> Version:
    """The version that follows from the baseline's, past every one that already names another release.

    Args:
        proposal: The set.
        taken: Names of all releases there are.
    """
    bump = change(proposal).bump
    version = version_of(proposal.baseline["name"]).next(bump) if proposal.baseline else FIRST
    names = frozenset(taken)
    while release_name(proposal.policy.org, version) in names:
        version = version.next("patch" if bump == "first" else bump)
    return version


def change(proposal: Proposal) -> Change:
    """A changed contract is major, another set of kinds or routes is minor, everything else is a patch."""
    baseline = proposal.baseline
    if baseline is None:
        return Change(bump="first", why="The first release.")
    if changed := sorted(member.unit.name for member in proposal.members.values() if member.contract_changed):
        return Change(bump="major", why=f"The contract changed with {', '.join(changed)}.")
    if baseline["api"] != proposal.policy.api:
        return Change(bump="major", why=f"The fusion API went from {baseline['api']} to {proposal.policy.api}.")
    before, after = set(baseline["units"]), set(proposal.members)
    if before != after:
        return Change(bump="minor", why=_difference("kinds", before, after))
    types = {route["prompt_type"] for route in baseline["routes"]}
    routes = routing(proposal.units, proposal.policy, _voting(proposal)).routes
    if types != (now := {route["prompt_type"] for route in routes}):
        return Change(bump="minor", why=_difference("routes", types, now))
    new = sorted(member.unit.name for member in proposal.members.values() if member.origin == "new")
    return Change(bump="patch", why=f"It brings {', '.join(new)}.")


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the go/no-go checklist."""

    item: str
    yes: bool
    why: str


def _checklist(proposal: Proposal) -> Iterator[Item]:
    new = sum(member.origin == "new" for member in proposal.members.values())
    carried = len(proposal.members) - new
    policy = proposal.policy
    yield Item(
        item="Every unit passed all four gates against what serves, or is carried from it",
        yes=True,
        why=f"{new} passed under policy {policy.name} version {policy.version}, {carried} carried",
    )
    yield Item(
        item="Every required kind is there", yes=True, why=", ".join(sorted(policy.fusion.required)) or "none asked for"
    )
    yield Item(
        item="Nothing in quarantine is in it", yes=not any(_forbidden(proposal)), why="checked by artifact digest"
    )
    yield Item(item="The contract is unchanged, or the policy consents to a major", yes=True, why=change(proposal).why)
    embedder = proposal.units.get("embedder")
    yield Item(
        item="Every threshold was measured with this release's embedder",
        yes=True,
        why=embedder.artifact if embedder else "no embedder, no thresholds",
    )
    yield Item(
        item="Raw training data stayed on its platform", yes=True, why="stated by every manifest, checked at the door"
    )
    slow = _distillation(proposal)
    yield Item(
        item="Latency is within the budget, or a distillation pass is asked for",
        yes=True,
        why=slow["why"] if slow else "within the budget",
    )


def _incomplete(proposal: Proposal) -> Iterator[str]:
    for kind in sorted(set(proposal.policy.fusion.required) - set(proposal.members)):
        yield f"{kind} is required, and no unit of that kind has passed or may be carried over"


def _forbidden(proposal: Proposal) -> Iterator[str]:
    forbidden = frozenset(proposal.quarantined)
    for _, member in sorted(proposal.members.items()):
        if member.unit.artifact in forbidden:
            yield f"{member.unit.name} is in quarantine; lift it with a reason, or ship other content"


def _contract(proposal: Proposal) -> Iterator[str]:
    policy = proposal.policy
    for _, member in sorted(proposal.members.items()):
        if member.unit.api != policy.api:
            yield f"{member.unit.name} was built for {member.unit.api}, and {policy.api} is in force"
    found = change(proposal)
    if found.bump == "major" and not policy.fusion.allow_major:
        yield f"{found.why} That makes a major release, and the policy does not consent to one (fusion.allow_major)."


def _voting(proposal: Proposal) -> Mapping[str, Any] | None:
    voting = proposal.policy.voting
    members = [proposal.units[kind].name for kind in voting.members if kind in proposal.units] if voting else []
    if voting is None or not members:
        return None
    return {"rule": voting.rule, "members": members, "correlation": [dict(pair) for pair in proposal.correlation]}


def _distillation(proposal: Proposal) -> dict[str, Any] | None:
    budget = proposal.policy.distillation
    if budget is None:
        return None
    measured = [
        (float(member.p95_ms), member.unit.name)
        for _, member in sorted(proposal.members.items())
        if member.p95_ms is not None
    ]
    if not measured or max(measured)[0] <= float(budget.p95_ms):
        return None
    p95, name = max(measured)
    return {"kind": budget.kind, "why": f"{name} has a p95 of {p95:g} ms, and the budget is {budget.p95_ms} ms"}


def _named(release: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {"name": release["name"], "digest": digest(release)} if release else None


def _difference(what: str, before: set[str], after: set[str]) -> str:
    parts = [f"gained {', '.join(sorted(after - before))}"] if after - before else []
    parts += [f"lost {', '.join(sorted(before - after))}"] if before - after else []
    return f"The set of {what} {' and '.join(parts)}."
