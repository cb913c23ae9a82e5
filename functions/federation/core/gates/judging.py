# SPDX-License-Identifier: Apache-2.0
"""Runs all four gates for one unit, against the baseline and the anchor."""

from federation.core.gates.compatibility import judge_compatibility
from federation.core.gates.evidence import Subject
from federation.core.gates.finding import Finding
from federation.core.gates.latency import judge_latency
from federation.core.gates.quality import judge_quality
from federation.core.gates.rules import GateRules
from federation.core.gates.safety import judge_safety


def judge(
    candidate: Subject, baseline: Subject | None, anchor: Subject | None, rules: GateRules
) -> tuple[Finding, ...]:
    """The findings of all four gates, at least one each; `finding.verdict` combines them.

    Args:
        candidate: The unit that is judged, with its evidence.
        baseline: The serving unit of its kind, with its evidence; None before the first release.
        anchor: The unit of its kind in the frozen earlier release; None if there is no such release.
        rules: The policy's rules for this kind.
    """
    return (
        *judge_quality(rules.quality, candidate, baseline, anchor, rules.suite),
        *judge_latency(rules.latency, candidate, baseline),
        *judge_safety(rules.safety, candidate, baseline),
        *judge_compatibility(candidate, baseline, rules.compatibility),
    )
