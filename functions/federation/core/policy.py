# SPDX-License-Identifier: Apache-2.0
"""A policy: who may ship what, what a release must pass, when it may serve, and what an alarm does."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from federation.core import cadence, contract
from federation.core.alarm import Response
from federation.core.budget import Budget
from federation.core.cadence import Cadence
from federation.core.digest import digest
from federation.core.gates.rules import GateRules
from federation.core.placement import Hours, Job
from federation.errors import ContractError

PLACE_FIELDS: Final = frozenset({"platform", "machine", "spot", "region", "price", "output"})
"""The fields with which a job states its only place itself. Its image is the job's."""


class Fusion(msgspec.Struct, frozen=True, kw_only=True):
    """When units become a release."""

    required: Sequence[str]
    carry: Sequence[str]
    quorum: int
    deadline_hours: int
    allow_major: bool


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """The kinds that answer one type of prompt, in order."""

    prompt_type: str
    serve: Sequence[str]
    calibrated: bool
    safety_critical: bool


class Voting(msgspec.Struct, frozen=True, kw_only=True):
    """The rule for safety-critical answers, and the kinds that vote.

    The serving side counts the votes, as schemas/release.v1.json says. `majority` means a majority of all members,
    present or not. With all members present, `veto` and `unanimous` are the same: one flag blocks. An absent member
    counts as a flag under `unanimous`, and is ignored under `veto`. Without any vote, no answer goes out.
    """

    rule: Literal["majority", "unanimous", "veto"]
    members: Sequence[str]


class Distillation(msgspec.Struct, frozen=True, kw_only=True):
    """The largest p95 allowed, in milliseconds, and the kind to distil into if a unit exceeds it."""

    kind: str
    p95_ms: Decimal


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """How many people must approve, and how many stable releases stay warm."""

    approvals: int
    warm: int


class Rollback(msgspec.Struct, frozen=True, kw_only=True):
    """Alarms about the first `settle_seconds` after a move count against the release before it.

    `alarms` maps an alarm's name to what it does. An alarm without an entry rolls back.
    """

    settle_seconds: int
    alarms: Mapping[str, Response] = msgspec.field(default_factory=dict)


class Preference(msgspec.Struct, frozen=True, kw_only=True):
    """How to rank the possible topologies, and which to refuse.

    Args:
        prefer: `cost` for the least egress cost, `time` for the least transfer time; the other one breaks ties.
        least_unbroken: Minimum probability, in 0..1, that no loss of a site stops the training.
        max_hours: Maximum transfer time.
    """

    prefer: Literal["cost", "time"] = "cost"
    least_unbroken: Decimal = Decimal("0.5")
    max_hours: int | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A versioned policy and its digest, which every report and release names."""

    name: str
    version: int
    org: str
    channel: str
    api: str
    matrix: Mapping[str, Sequence[str]]
    gates: Mapping[str, GateRules]
    fusion: Fusion
    routes: Sequence[Route]
    fallback: Sequence[str]
    cadence: Cadence
    promotion: Promotion
    rollback: Rollback
    origins: Mapping[str, Sequence[str]] = msgspec.field(default_factory=dict)
    voting: Voting | None = None
    distillation: Distillation | None = None
    jobs: Mapping[str, Job] = msgspec.field(default_factory=dict)
    budget: Budget | None = None
    topology: Preference | None = None
    digest: str = ""

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind that some platform may ship."""
        return frozenset(kind for kinds in self.matrix.values() for kind in kinds)

    def rules(self, kind: str) -> GateRules:
        """The gate rules of a kind. A kind without rules gets empty ones, which refuse every unit."""
        return self.gates.get(kind, GateRules())


def policy_of(document: Mapping[str, Any], *, what: str = "policy") -> Policy:
    """The policy in a document, fully checked.

    Raises:
        ContractError: The document does not satisfy schemas/policy.v1.json, or contradicts itself.
    """
    contract.check("policy.v1", document, what=what)
    policy = stored_policy(document, what=what)
    job_faults = _job_faults(policy, document.get("jobs", {}))
    if contradictions := (*cadence.faults(policy.cadence), *_contradictions(policy), *job_faults):
        raise ContractError(f"{what} contradicts itself", contradictions)
    return policy


def stored_policy(document: Mapping[str, Any], *, what: str) -> Policy:
    """The policy in a document that `policy_of` accepted before. An error calls the document `what`.

    Raises:
        ContractError: This version of the code cannot read it.
    """
    jobs = document.get("jobs", {})
    if isinstance(jobs, Mapping):
        jobs = {kind: _with_places(job) for kind, job in jobs.items()}
    try:
        return msgspec.convert({**document, "jobs": jobs, "digest": digest(document)}, Policy)
    except msgspec.ValidationError as error:
        raise ContractError(f"{what} cannot be read by this version; store a newer policy: {error}") from error


def _with_places(job: Any) -> Any:
    """A job's document with a list of places, even if it states its only place itself."""
    if not isinstance(job, Mapping) or "platform" not in job:
        return job
    own_place = {name: value for name, value in job.items() if name in PLACE_FIELDS}
    return {**{name: value for name, value in job.items() if name not in PLACE_FIELDS}, "places": [own_place]}


def _contradictions(policy: Policy) -> tuple[str, ...]:
    kinds_by_path = {
        "fusion.required": policy.fusion.required,
        "fusion.carry": policy.fusion.carry,
        "fallback": policy.fallback,
        "gates": tuple(policy.gates),
        "voting.members": policy.voting.members if policy.voting else (),
        "routes": tuple(kind for route in policy.routes for kind in route.serve),
        "distillation.kind": (policy.distillation.kind,) if policy.distillation else (),
        "jobs": tuple(policy.jobs),
    }
    unknown = [
        f"$.{path}: no platform may ship {kind}; add it to the matrix or remove it here"
        for path, kinds in kinds_by_path.items()
        for kind in sorted(set(kinds) - policy.kinds)
    ]
    ungated = [
        f"$.gates: {kind} has no gate rules, so no unit of it could pass; add some"
        for kind in sorted(policy.kinds - set(policy.gates))
    ]
    unknown_platforms = [
        f"$.origins: the matrix has no platform {platform}; add it there or remove it here"
        for platform in sorted(set(policy.origins) - set(policy.matrix))
    ]
    return (
        *unknown,
        *unknown_platforms,
        *ungated,
        *_route_faults(policy),
        *_voting_faults(policy),
    )


def _route_faults(policy: Policy) -> Iterator[str]:
    for kind in policy.fallback:
        if kind not in policy.fusion.required:
            yield f"$.fallback: {kind} is not required, so a release could have no fallback; add it to fusion.required"
    types = [route.prompt_type for route in policy.routes]
    for prompt_type in sorted({name for name in types if types.count(name) > 1}):
        yield f"$.routes: {prompt_type} has more than one route, but only the first is ever taken; keep one"


def _voting_faults(policy: Policy) -> Iterator[str]:
    """Each way in which a safety-critical answer could go out without the votes that the policy requires."""
    critical = [route for route in policy.routes if route.safety_critical]
    if critical and policy.voting is None:
        yield "$.voting: a route is safety-critical, but the policy has no voting; add it, or set safety_critical to false"
    voters = policy.voting.members if critical and policy.voting else ()
    needed = {kind for route in critical for kind in route.serve} | set(voters)
    for kind in sorted(needed - set(policy.fusion.required)):
        yield (
            f"$.fusion.required: {kind} serves or votes on a safety-critical route; without it, prompts would be "
            "answered without a vote; add it here"
        )


def _job_faults(policy: Policy, documents: Mapping[str, Any]) -> Iterator[str]:
    """Faults of jobs without a place, whose platforms may not ship the kind, or that could never start."""
    for kind, job in sorted(policy.jobs.items()):
        path, platforms = f"$.jobs.{kind}", [place.platform for place in job.places]
        stated = documents[kind].keys() & {"platform", "places"}
        if len(stated) != 1:
            yield f"{path}: say where it runs, either by `platform` or by a list of `places`"
        elif kind in policy.kinds and not any(kind in policy.matrix.get(platform, ()) for platform in platforms):
            (where,) = stated
            yield f"{path}.{where}: {' and '.join(platforms)} may not ship {kind}; run the job where the matrix allows it"
        yield from _hours_faults(policy, f"{path}.hours", job.hours) if job.hours else ()


def _hours_faults(policy: Policy, path: str, hours: Hours) -> Iterator[str]:
    zone = hours.time_zone or policy.cadence.time_zone
    fault = cadence.zone_fault(f"{path}.time_zone", zone) or cadence.line_fault(f"{path}.opens", hours.opens, zone)
    if fault:
        yield fault
    elif not cadence.faults(policy.cadence) and not _is_swept(policy.cadence, hours, zone):
        yield f"{path}: no sweep ($.cadence.ingest) falls within these hours, so nothing would start the job"


def _is_swept(timetable: Cadence, hours: Hours, zone: str) -> bool:
    return cadence.meets(timetable.ingest, timetable.time_zone, hours, zone)
