# SPDX-License-Identifier: Apache-2.0
"""Does only the anchor stop a unit, and what may a person choose then?

docs/evidence.md, "What the verdicts promise", says what the anchor is for.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from federation.cli.store.trend import is_of_anchor
from federation.core.channel import Channel
from federation.core.number_text import number


def anchor_choice(report: Mapping[str, Any], channel: Channel) -> Iterator[str]:
    """The choice in a sentence; nothing if another check stops the unit too, or if what serves has lost nothing."""
    findings = {finding["check"]: finding for finding in report["findings"]}
    stops = [finding for finding in report["findings"] if finding["verdict"] != "pass"]
    if not channel.serving or not channel.anchor or not all(is_of_anchor(finding["check"]) for finding in stops):
        return
    spent = [loss for finding in stops if (loss := _spent(finding, findings))]
    if spent:
        lost, margin, metric = max(spent)
        yield (
            "It passes against what serves, and only the anchor stops it: what serves has already spent "
            f"{number(float(lost))} of the {number(float(margin))} that {metric} may lose since {channel.anchor.name}. "
            "Win that back; or decide to accept the loss: "
            f"federation anchor {channel.serving.name} --who YOU --why 'WHY'; then federation tick merge"
        )


def _spent(
    finding: Mapping[str, Any], findings: Mapping[str, Mapping[str, Any]]
) -> tuple[Decimal, Decimal, str] | None:
    """The loss since the anchor before this unit, the margin, and the metric; None if nothing was lost, or not measured."""
    metric = finding["check"].removesuffix(" against anchor")
    own = findings.get(f"{metric} against baseline", {}).get("numbers", {})
    if "estimate" not in own or not {"estimate", "margin"} <= set(finding["numbers"]):
        return None
    lost = Decimal(own["estimate"]) - Decimal(finding["numbers"]["estimate"])
    return (lost, Decimal(finding["numbers"]["margin"]), metric) if lost > 0 else None
