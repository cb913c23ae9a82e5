# SPDX-License-Identifier: Apache-2.0
"""A platform's manifest: what it ships, and with which evidence.

A validated document becomes a frozen struct here. The raw document is stored and digested, so unknown fields survive
every round trip.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from federation.core.digest import Digest, digest
from federation.core.gates.rules import Grade
from federation.core.names import number_of


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file below the manifest's folder: relative path, SHA-256 in hexadecimal, size in bytes."""

    path: str
    sha256: str
    bytes: int


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """The eval suite of the items. Scores are comparable only if its digest is the same."""

    name: str
    digest: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One metric's summary, with numbers as decimal text."""

    n: int
    mean: str
    sd: str


class OtherRecords(msgspec.Struct, frozen=True, kw_only=True):
    """Another unit's artifact digest, and its records measured by the same job."""

    artifact: str
    records: File


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence for one gate, at one grade."""

    grade: Grade
    suite: Suite | None = None
    records: File | None = None
    summary: Mapping[str, Summary] = msgspec.field(default_factory=dict)
    point: Mapping[str, str] = msgspec.field(default_factory=dict)
    against: Sequence[OtherRecords] = ()


class LatencyMeasurement(msgspec.Struct, frozen=True, kw_only=True):
    """Latencies and costs, with the machine and price table that make them comparable."""

    grade: Grade
    machine: str
    price_table: str
    records: File | None = None
    summary: Mapping[str, Summary] = msgspec.field(default_factory=dict)
    point: Mapping[str, str] = msgspec.field(default_factory=dict)
    against: OtherRecords | None = None


class Measurements(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence by gate. A gate without evidence refuses the unit."""

    quality: Measurement | None = None
    latency: LatencyMeasurement | None = None
    safety: Mapping[str, Measurement] = msgspec.field(default_factory=dict)


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Routing thresholds by prompt type, and the artifact digest of the embedder they were measured with."""

    embedder: str
    thresholds: Mapping[str, str]


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """A data set: its digest, and where it is stored."""

    name: str
    digest: str
    platform: str
    region: str


class Residency(msgspec.Struct, frozen=True, kw_only=True):
    """Where the raw training data is, and whether it left its platform."""

    raw_data_left: bool
    datasets: Sequence[DataSet]


class Unit(msgspec.Struct, frozen=True, kw_only=True):
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
        return number_of(self.name)

    @property
    def artifact(self) -> Digest:
        """The digest of the shipped files, without the evidence. Quarantine and calibration refer to it."""
        return artifact_of(self.files)

    def evidence_files(self) -> tuple[File, ...]:
        """Every file of records in the evidence."""
        measured = [self.evidence.quality, self.evidence.latency, *self.evidence.safety.values()]
        quality, latency = self.evidence.quality, self.evidence.latency
        against = [*(quality.against if quality else ()), *([latency.against] if latency and latency.against else [])]
        own = [entry.records for entry in measured if entry and entry.records]
        return (*own, *(other.records for other in against))


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What one platform's job ships."""

    platform: str
    units: Sequence[Unit]


def manifest_of(document: Mapping[str, Any]) -> Manifest:
    """The manifest in a valid document (schemas/manifest.v1.json)."""
    return msgspec.convert(document, Manifest)


def unit_of(document: Mapping[str, Any]) -> Unit:
    """The unit in a stored unit document."""
    return msgspec.convert(document, Unit)


def artifact_of(files: Sequence[File]) -> Digest:
    """The digest of a set of files, in any order."""
    return digest(sorted([file.path, file.sha256, file.bytes] for file in files))
