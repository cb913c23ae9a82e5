# SPDX-License-Identifier: Apache-2.0
"""A trainer's result: files and measurements, item by item, but not yet a manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = Mapping[str, Any]
"""One item's scores (schemas/record.v1.json)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """Training data: a name and the digest of the content. Without `platform` and `region`, they are where the job ran."""

    name: str
    digest: str
    platform: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalResult:
    """The scores of one part of the eval suite.

    Args:
        suite: The part's name.
        digest: Digest of the part's items.
        records: One per item.
        summaries: For metrics without items in common with the records: number, mean and standard deviation.
        against: By channel (baseline, anchor): the other unit's artifact digest, and its answers to the same items.
    """

    suite: str
    digest: str
    records: Sequence[Record]
    summaries: Mapping[str, tuple[int, float, float]] = field(default_factory=dict)
    against: Mapping[str, tuple[str, Sequence[Record]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyResult:
    """Single requests: `latency_ms`, `cost` in the price table's currency, `tokens`.

    Args:
        records: The unit's own requests.
        baseline: The serving unit's requests, interleaved with these on this machine.
        against: The serving unit's artifact digest.
    """

    records: Sequence[Record]
    baseline: Sequence[Record] = ()
    against: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitResult:
    """One unit before it has a manifest.

    Args:
        kind: The unit's kind.
        files: Paths below the job's work folder.
        contract: What its consumers rely on.
        quality: Scores on the canonical suite.
        safety: The safety suites, by name.
        latency: The timed requests.
        datasets: The training data.
        base_model: The model that it was trained from, as a card names it; empty if none.
        summary: One sentence for its card.
        license: The licence, as a card names it.
        library: The library that loads it, as the Hub names it.
        calibration: Routing thresholds, and the artifact digest of the embedder that they are valid for.
        charts: SVG charts, by name.
        seeds: Every seed that was used, by purpose.
        child_processes: How many child processes ran at once on this machine.
    """

    kind: str
    files: Sequence[str]
    contract: Mapping[str, Any]
    quality: EvalResult | None
    safety: Mapping[str, EvalResult]
    latency: LatencyResult | None
    datasets: Sequence[DataSet]
    base_model: str
    summary: str
    license: str = "apache-2.0"
    library: str = "federation"
    calibration: Mapping[str, Any] | None = None
    charts: Mapping[str, bytes] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    child_processes: int = 0
