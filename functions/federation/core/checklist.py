# SPDX-License-Identifier: Apache-2.0
"""Does a release meet every condition, and if not, why not?

One list of conditions is used twice. Its faults are the reasons not to assemble a release. Without faults it is the
checklist that the release contains and that a promotion reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from federation.core.admission import egress_faults
from federation.core.proposal import Proposal, change
from federation.core.routing import EMBEDDER


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the go/no-go checklist."""

    item: str
    yes: bool
    why: str


class _Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A condition, its faults, and what the checklist says if there are none."""

    item: str
    faults: Sequence[str] = ()
    why: str


def refusals(proposal: Proposal) -> tuple[str, ...]:
    """Every reason not to release this set; empty if it may be assembled."""
    return tuple(fault for condition in _conditions(proposal) for fault in condition.faults)


def checklist(proposal: Proposal) -> tuple[Item, ...]:
    """Every condition, whether it is met, and why."""
    return tuple(
        Item(item=condition.item, yes=not condition.faults, why="; ".join(condition.faults) or condition.why)
        for condition in _conditions(proposal)
    )


def distillation(proposal: Proposal) -> dict[str, Any] | None:
    """The distillation to ask for if the slowest unit exceeds the policy's budget: kind, unit and reason. Else None.

    A unit of the distilled kind never asks for one.
    """
    budget = proposal.policy.distillation
    if budget is None:
        return None
    measured = [
        (float(member.p95_ms), member.unit.name, member.digest)
        for kind, member in proposal.members.items()
        if member.p95_ms is not None and kind != budget.kind
    ]
    if not measured or max(measured)[0] <= float(budget.p95_ms):
        return None
    p95, name, unit = max(measured)
    why = f"{name} has a p95 of {p95:g} ms, but the budget is {budget.p95_ms} ms"
    return {"kind": budget.kind, "unit": unit, "why": why}


def _conditions(proposal: Proposal) -> Iterator[_Condition]:
    new = sum(member.origin == "new" for member in proposal.members.values())
    policy, embedder, slow = proposal.policy, proposal.units.get(EMBEDDER), distillation(proposal)
    yield _Condition(
        item="Every unit passed all four gates against what serves, or is carried from it",
        faults=tuple(_gate_faults(proposal)),
        why=f"{new} passed under policy {policy.name} version {policy.version}, {len(proposal.members) - new} carried",
    )
    yield _Condition(
        item="Every required kind is there",
        faults=tuple(_missing_kinds(proposal)),
        why=", ".join(sorted(policy.fusion.required)) or "none is required",
    )
    yield _Condition(
        item="Nothing in quarantine is in it",
        faults=tuple(_quarantine_faults(proposal)),
        why="checked by artifact digest",
    )
    yield _Condition(
        item="The contract is unchanged, or the policy consents to a major",
        faults=tuple(_contract_faults(proposal)),
        why=change(proposal).why,
    )
    yield _Condition(
        item="Every threshold was measured with this release's embedder",
        faults=tuple(proposal.routing.faults),
        why=embedder.artifact if embedder else "no embedder, no thresholds",
    )
    yield _Condition(
        item="Raw training data stayed on its platform",
        faults=tuple(_egress_faults(proposal)),
        why="stated by every manifest and checked on receipt",
    )
    yield _Condition(
        item="Latency is within the budget, or a distillation pass is requested",
        why=slow["why"] if slow else _distillation_reason(proposal),
    )


def _distillation_reason(proposal: Proposal) -> str:
    """Why no distillation pass is requested: it is not needed, or it would not help."""
    budget = proposal.policy.distillation
    own = proposal.members.get(budget.kind) if budget else None
    if budget is None or own is None or own.p95_ms is None or float(own.p95_ms) <= float(budget.p95_ms):
        return "within the budget"
    return (
        f"{own.unit.name} has a p95 of {own.p95_ms} ms, but a distillation pass makes this kind, so none is requested"
    )


def _gate_faults(proposal: Proposal) -> Iterator[str]:
    serving: Mapping[str, Any] = proposal.baseline["units"] if proposal.baseline else {}
    for kind, member in sorted(proposal.members.items()):
        if member.origin == "new" and member.verdict != "pass":
            yield f"{member.unit.name} has not passed its gates: {member.verdict or 'there is no report'}"
        elif member.origin == "carried" and serving.get(kind, {}).get("digest") != member.digest:
            yield f"{member.unit.name} cannot be carried over, because it does not serve now"


def _missing_kinds(proposal: Proposal) -> Iterator[str]:
    for kind in sorted(set(proposal.policy.fusion.required) - set(proposal.members)):
        yield f"{kind} is required, but no unit of that kind has passed or may be carried over"


def _quarantine_faults(proposal: Proposal) -> Iterator[str]:
    forbidden = frozenset(proposal.quarantined)
    for _, member in sorted(proposal.members.items()):
        if member.unit.artifact in forbidden:
            yield f"{member.unit.name} is in quarantine; lift it with a reason, or ship other content"


def _contract_faults(proposal: Proposal) -> Iterator[str]:
    policy = proposal.policy
    for _, member in sorted(proposal.members.items()):
        if member.unit.api != policy.api:
            yield f"{member.unit.name} was built for {member.unit.api}, but the policy asks for {policy.api}"
    release_change = change(proposal)
    if release_change.bump == "major" and not policy.fusion.allow_major:
        cause = release_change.why.removesuffix(".")
        yield f"{cause}, which makes a major release, but the policy does not allow one (fusion.allow_major)"


def _egress_faults(proposal: Proposal) -> Iterator[str]:
    for _, member in sorted(proposal.members.items()):
        yield from egress_faults(member.unit, member.platform)
