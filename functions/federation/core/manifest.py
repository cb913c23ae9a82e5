# SPDX-License-Identifier: Apache-2.0
"""What does a platform say that it ships?

Checked documents become frozen dataclasses here. The raw document stays the thing that is stored and digested, so fields
that we do not know survive every round trip.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from federation.core.digest import Digest, digest

Grade = Literal["records", "summary", "point"]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file below the manifest's folder: relative path, SHA-256 in hexadecimal, size in bytes."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The eval suite that items come from; scores compare only within one digest."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One metric's summary, numbers as decimal text."""

    n: int
    mean: str
    sd: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Evidence for one gate at one grade."""

    grade: Grade
    suite: Suite | None = None
    records: File | None = None
    summary: Mapping[str, Summary] = field(default_factory=dict)
    point: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The serving unit's samples from the same interleaved run, and that unit's artifact digest."""

    artifact: str
    records: File


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLatency:
    """Latencies and costs, with what makes them comparable."""

    grade: Grade
    machine: str
    price_table: str
    records: File | None = None
    summary: Mapping[str, Summary] = field(default_factory=dict)
    point: Mapping[str, str] = field(default_factory=dict)
    against: Against | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """What was measured, one entry a gate; a gate without one refuses."""

    quality: Measured | None = None
    latency: MeasuredLatency | None = None
    safety: Mapping[str, Measured] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Routing thresholds by prompt type, and the artifact digest of the embedder they were measured with."""

    embedder: str
    thresholds: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set by digest, and where it lies."""

    name: str
    digest: str
    platform: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Residency:
    """Where the raw training data stayed."""

    raw_data_left: bool
    datasets: Sequence[DataSet]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One artifact that a platform ships."""

    name: str
    kind: str
    files: Sequence[File]
    contract: Mapping[str, Any]
    api: str
    evidence: Measurements
    residency: Residency
    calibration: Calibration | None = None

    @property
    def org(self) -> str:
        """The organisation in the name."""
        return self.name.partition("/")[0]

    @property
    def number(self) -> int:
        """The n of <org>/<kind>-v<n>."""
        return int(self.name.rpartition("-v")[2])

    @property
    def artifact(self) -> Digest:
        """The name of what is shipped, whatever evidence came with it: quarantine and calibration hold on to this."""
        return artifact_of(self.files)

    def evidence_files(self) -> tuple[File, ...]:
        """Every file of records that the evidence names."""
        measured = [self.evidence.quality, self.evidence.latency, *self.evidence.safety.values()]
        against = self.evidence.latency.against if self.evidence.latency else None
        found = [entry.records for entry in measured if entry and entry.records]
        return tuple(found) + ((against.records,) if against else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one platform's job ships; `raw` holds each unit exactly as it was written."""

    platform: str
    produced_at: str
    units: Sequence[Unit]


def manifest_of(document: Mapping[str, Any]) -> Manifest:
    """The manifest in a document that satisfies schemas/manifest.v1.json."""
    return msgspec.convert(document, Manifest)


def unit_of(document: Mapping[str, Any]) -> Unit:
    """The unit in a stored unit document."""
    return msgspec.convert(document, Unit)


def artifact_of(files: Sequence[File]) -> Digest:
    """The digest of a set of files, in whatever order they were listed."""
    return digest(sorted([file.path, file.sha256, file.bytes] for file in files))
