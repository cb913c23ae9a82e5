# SPDX-License-Identifier: Apache-2.0
"""What was a unit judged against, and with what result?"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core.channel import Channel
from federation.core.counted import counted
from federation.core.digest import Digest, digest
from federation.core.gates.finding import Finding, verdict
from federation.core.policy import Policy

_TOLD: Final = 20
"""Reasons in a sentence; events carry it, and a bus takes 256 KB."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """Digests of the serving release, of the anchor and of the policy: a report is valid only for these."""

    baseline: str | None
    anchor: str | None
    policy: str

    @property
    def digest(self) -> Digest:
        """The digest that identifies the basis."""
        return digest(msgspec.to_builtins(self))


def basis_of(channel: Channel, policy: Policy) -> Basis:
    """What a unit has to be judged against now."""
    return Basis(
        baseline=channel.serving.digest if channel.serving else None,
        anchor=channel.anchor.digest if channel.anchor else None,
        policy=policy.digest,
    )


def report(
    *, name: str, kind: str, unit: str, basis: Basis, findings: Sequence[Finding], contract_changed: bool
) -> dict[str, Any]:
    """The report as schemas/report.v1.json describes it; the same inputs give the same bytes."""
    return {
        "schema": "report.v1",
        "unit": {"name": name, "kind": kind, "digest": unit},
        "basis": msgspec.to_builtins(basis),
        "verdict": verdict(findings),
        "contract_changed": contract_changed,
        "findings": [finding.document() for finding in findings],
    }


def reasons(report: Mapping[str, Any]) -> str:
    """The reasons of the decisive findings, in a sentence."""
    findings = report["findings"]
    if report["verdict"] == "pass":
        return f"all {len(findings)} checks pass"
    decisive = [finding for finding in findings if finding["verdict"] != "pass"]
    if len(decisive) > _TOLD:
        decisive.sort(
            key=lambda finding: finding["verdict"] != "fail"
        )  # what is only open must not crowd out a failure
    told = [finding["reason"] for finding in decisive[:_TOLD]]
    if more := len(decisive) - len(told):
        told.append(f"and {counted(more, 'check')} more, which the report names")
    return "; ".join(told) or "a gate had nothing to check"
