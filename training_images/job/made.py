# SPDX-License-Identifier: Apache-2.0
"""What does a trainer hand over when it is done? Files, and what was measured, item by item; not yet a manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]
"""One item's scores (schemas/record.v1.json)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """What was learned from: a name and the digest of its content. It lies where the job ran, unless said otherwise."""

    name: str
    digest: str
    platform: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One part of the eval suite, answered.

    Args:
        suite: Its name.
        digest: Digest of the items that were asked.
        records: One an item.
        summaries: By metric that has no items in common with the records: how many, their mean, standard deviation.
        against: By channel (baseline, anchor), another unit's artifact digest and what it answered to the same items.
    """

    suite: str
    digest: str
    records: Sequence[Record]
    summaries: Mapping[str, tuple[int, float, float]] = field(default_factory=dict)
    against: Mapping[str, tuple[str, Sequence[Record]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Requests one by one: `latency_ms`, `cost` in the price table's currency, `tokens`.

    Args:
        records: The unit's own.
        baseline: Those of what serves now, interleaved with them on this machine.
        against: Artifact digest of that baseline.
    """

    records: Sequence[Record]
    baseline: Sequence[Record] = ()
    against: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One unit before it has a manifest.

    Args:
        kind: Its kind.
        files: Paths below the job's work folder.
        contract: What its consumers rely on.
        quality: Scores on the canonical suite.
        safety: The safety suites, by name.
        latency: Requests, timed.
        datasets: What it learned from.
        base_model: What it was made from, as a card names it; empty for nothing.
        summary: What it is, in a sentence for its card.
        license: As a card names it.
        library: What loads it, as the Hub names it.
        calibration: Routing thresholds and the artifact digest of the embedder that they hold for.
        charts: SVG, by name.
        seeds: Every seed that was drawn from, by what it was for.
    """

    kind: str
    files: Sequence[str]
    contract: Mapping[str, Any]
    quality: Scored | None
    safety: Mapping[str, Scored]
    latency: Timed | None
    datasets: Sequence[DataSet]
    base_model: str
    summary: str
    license: str = "apache-2.0"
    library: str = "federation"
    calibration: Mapping[str, Any] | None = None
    charts: Mapping[str, bytes] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
