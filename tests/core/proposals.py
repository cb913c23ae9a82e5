# SPDX-License-Identifier: Apache-2.0
"""Policies, units and sets of units to make releases from, small enough to change one thing at a time."""

import json

from msgspec.structs import replace

from federation.core.digest import digest
from federation.core.manifest import Calibration, unit_of
from federation.core.policy import policy_of
from federation.core.proposal import Member, Proposal
from federation.core.release import assemble
from federation.core.report import Basis
from federation.core.uri import SENTINEL
from federation.core.version import Version
from federation.simulation.platform import PLATFORM_OF, POLICY, shipment

KINDS = ("textgen-lora", "embedder", "runtime-distilled")
NOON = "2026-11-17T12:00:00Z"
ELSEWHERE = digest("an artifact that is in no proposal")


def document(**changes):
    """The simulated policy's document with other top-level fields; None takes one out."""
    return {key: value for key, value in {**POLICY, **changes}.items() if value is not None}


def policy(*, fusion=None, **changes):
    """The simulated policy with other top-level fields, and single fields of `fusion`."""
    return policy_of(document(fusion={**POLICY["fusion"], **(fusion or {})}, **changes))


def critical(rule="veto", members=("textgen-lora", "runtime-distilled")):
    """What makes a policy ask for votes on medical prompts."""
    return {
        "voting": {"rule": rule, "members": list(members)},
        "routes": [
            *POLICY["routes"],
            {"prompt_type": "medical", "serve": ["textgen-lora"], "calibrated": False, "safety_critical": True},
        ],
        "fusion": {"required": ["textgen-lora", "runtime-distilled"]},
    }


def calibrated(prompt_type="code", serve=("textgen-lora", "runtime-distilled")):
    """What makes a policy ask for a threshold."""
    route = {"prompt_type": prompt_type, "serve": list(serve), "calibrated": True, "safety_critical": False}
    return {"routes": [*POLICY["routes"], route]}


def shipped(kind, number=1, content=""):
    """The unit's document as its manifest states it."""
    files = shipment(kind, number, "good", None, content).files
    return json.loads(files[SENTINEL])["units"][0]


def unit(kind, number=1, *, content="", api="fusion-api-v1", thresholds=None, measured_with=None):
    """A unit, perhaps with thresholds measured with an embedder's artifact."""
    plain_unit = replace(unit_of(shipped(kind, number, content)), api=api)
    if thresholds is None:
        return plain_unit
    return replace(plain_unit, calibration=Calibration(embedder=measured_with, thresholds=thresholds))


def member(candidate, *, origin="new", contract_changed=False, p95_ms=None):
    """A unit as a member of a release."""
    place = f"s3://models/{candidate.kind}/{candidate.number}/"
    return Member(
        unit=candidate,
        digest=digest([candidate.name, candidate.artifact, candidate.api]),
        platform=PLATFORM_OF.get(candidate.kind, "hf"),
        uri=place,
        manifest_uri=f"{place}{SENTINEL}",
        origin=origin,
        report=digest(f"report on {candidate.name}"),
        verdict="pass" if origin == "new" else None,
        contract_changed=contract_changed,
        p95_ms=p95_ms,
    )


def members(*units, **options):
    """Members by kind."""
    return {candidate.kind: member(candidate, **options) for candidate in units}


def all_kinds(number=1):
    """One new unit of every kind."""
    return members(*(unit(kind, number) for kind in KINDS))


def proposal(by_kind=None, *, under=None, baseline=None, **options):
    """A set of units under a policy, to replace `baseline`."""
    chosen_policy = under or policy()
    return Proposal(
        members=all_kinds() if by_kind is None else by_kind,
        policy=chosen_policy,
        basis=Basis(baseline=digest(baseline) if baseline else None, anchor=None, policy=chosen_policy.digest),
        baseline=baseline,
        anchor=None,
        created_at=NOON,
        merge=digest("a merge"),
        **options,
    )


def released(version="1.4.2", **options):
    """A release that serves already."""
    return assemble(proposal(**options), Version(*map(int, version.split("."))))
