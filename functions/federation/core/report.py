# SPDX-License-Identifier: Apache-2.0
"""The report on a unit: what it was judged against, and the result."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core.channel import Channel
from federation.core.digest import Digest, digest
from federation.core.gates.finding import Finding, verdict
from federation.core.number_text import counted
from federation.core.policy import Policy

_MAX_REASONS: Final = 20
"""The most reasons in a sentence, which is part of an event; a bus accepts 256 KB."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """The digests of the serving release, the anchor and the policy. A report is valid only for these."""

    baseline: str | None
    anchor: str | None
    policy: str

    @property
    def digest(self) -> Digest:
        """The digest that identifies the basis."""
        return digest(msgspec.to_builtins(self))


def basis_of(channel: Channel, policy: Policy) -> Basis:
    """The basis on which a unit is judged now."""
    return Basis(
        baseline=channel.serving.digest if channel.serving else None,
        anchor=channel.anchor.digest if channel.anchor else None,
        policy=policy.digest,
    )


def report(
    *, name: str, kind: str, unit: str, basis: Basis, findings: Sequence[Finding], contract_changed: bool
) -> dict[str, Any]:
    """The report's document (schemas/report.v1.json). The same inputs give the same bytes."""
    return {
        "schema": "report.v1",
        "unit": {"name": name, "kind": kind, "digest": unit},
        "basis": msgspec.to_builtins(basis),
        "verdict": verdict(findings),
        "contract_changed": contract_changed,
        "findings": [finding.document() for finding in findings],
    }


def reasons(report: Mapping[str, Any]) -> str:
    """The reasons for the verdict, in a sentence."""
    findings = report["findings"]
    if report["verdict"] == "pass":
        return f"all {len(findings)} checks pass"
    decisive = [finding for finding in findings if finding["verdict"] != "pass"]
    if len(decisive) > _MAX_REASONS:
        decisive.sort(
            key=lambda finding: finding["verdict"] != "fail"
        )  # what is only open must not crowd out a failure
    texts = [finding["reason"] for finding in decisive[:_MAX_REASONS]]
    if more := len(decisive) - len(texts):
        texts.append(f"and {counted(more, 'check')} more, which the report names")
    return "; ".join(texts) or "a gate had nothing to check"
