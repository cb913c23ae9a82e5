# SPDX-License-Identifier: Apache-2.0
"""How does a trained and measured stand-in become a unit in a platform's manifest?

Paths carry no version: the same files under another number are the same artifact, which is what quarantine goes by.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from training.stand_ins import measuring
from training.stand_ins.measuring import PRICE_PER_SECOND, PRICES, Answering, Record
from training.stand_ins.suite import Digits, adversarial, canonical, policy, pretraining

from federation.core.digest import Digest
from federation.core.manifest import File, artifact_of

ORG: Final = "spiralverse"
API: Final = "fusion-api-v1"
MACHINE: Final = "one-core-example"
REQUESTS: Final = 600

_REGION: Final = {"hf": "eu-west-1", "gcp": "europe-west4", "aws": "eu-central-1"}
_JOB: Final = {
    "hf": "https://huggingface.co/jobs/spiralverse/{kind}-v{number}",
    "gcp": "projects/987654321098/locations/europe-west4/customJobs/{kind}-v{number}",
    "aws": "arn:aws:sagemaker:eu-central-1:111122223333:training-job/{kind}-v{number}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A stand-in before it is measured.

    Args:
        kind: Its kind.
        number: The n of its name.
        files: What it ships, by file name.
        model: The model, read back from these files.
        quality: Scores the model on the canonical suite.
        contract: What consumers rely on.
        calibration: Thresholds, and the embedder they were measured with.
        requests: How many requests its latency is measured on.
        seconds: Core seconds of its training.
    """

    kind: str
    number: int
    files: Mapping[str, bytes]
    model: Answering
    quality: Callable[[], Sequence[Record]]
    contract: Mapping[str, Any]
    calibration: Mapping[str, Any] | None = None
    requests: int = REQUESTS
    seconds: float = 0.0

    @property
    def shipped(self) -> list[File]:
        """The files with digest and size."""
        return [_stated(f"{self.kind}/{name}", body) for name, body in sorted(self.files.items())]

    @property
    def artifact(self) -> Digest:
        """The name of what is shipped."""
        return artifact_of(self.shipped)


def ship(folder: Path, platform: str, produced_at: str, units: Sequence[tuple[Trained, Trained | None]]) -> None:
    """Measure units and write them with their manifest below `folder`.

    Args:
        folder: Where the manifest goes; paths in it are relative to this folder.
        platform: Who ships.
        produced_at: When the job ended.
        units: Each with the unit that serves before it, if there is one.
    """
    manifest = {
        "schema": "manifest.v1",
        "platform": platform,
        "produced_at": produced_at,
        "units": [_unit(folder, platform, trained, baseline) for trained, baseline in units],
    }
    write(folder / f"{platform}_manifest.json", document_bytes(manifest))


def document_bytes(document: Any) -> bytes:
    """A document as people read it: sorted keys, two spaces, a final newline."""
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"


def write(path: Path, body: bytes) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def _unit(folder: Path, platform: str, trained: Trained, baseline: Trained | None) -> dict[str, Any]:
    for name, body in trained.files.items():
        write(folder / trained.kind / name, body)
    document = {
        "name": f"{ORG}/{trained.kind}-v{trained.number}",
        "kind": trained.kind,
        "files": msgspec.to_builtins(trained.shipped),
        "contract": dict(trained.contract),
        "api": API,
        "evidence": _evidence(folder, platform, trained, baseline),
        "residency": {"raw_data_left": False, "datasets": [_dataset(platform, part) for part in _learned(trained)]},
        "provenance": {
            "job": _JOB[platform].format(kind=trained.kind, number=trained.number),
            "source": "training/evaluate.py",
        },
        "cost": {"currency": "USD", "training": f"{trained.seconds * PRICE_PER_SECOND[platform] / 1e6:.9f}"},
    }
    return document if trained.calibration is None else {**document, "calibration": dict(trained.calibration)}


def _evidence(folder: Path, platform: str, trained: Trained, baseline: Trained | None) -> dict[str, Any]:
    suites = {"policy": policy(), "adversarial": adversarial()}
    return {
        "quality": _judged(folder, trained, canonical(), "quality", trained.quality()),
        "latency": _timed(folder, platform, trained, baseline),
        "safety": {
            name: _judged(folder, trained, suite, name, measuring.safety(trained.model, suite))
            for name, suite in suites.items()
        },
    }


def _judged(folder: Path, trained: Trained, suite: Digits, name: str, records: Sequence[Record]) -> dict[str, Any]:
    return {
        "suite": {"name": suite.name, "digest": suite.digest()},
        "grade": "records",
        "records": _recorded(folder, trained, name, records),
    }


def _timed(folder: Path, platform: str, trained: Trained, baseline: Trained | None) -> dict[str, Any]:
    asked = canonical().rows(range(trained.requests), "requests")
    models = [trained.model] if baseline is None else [trained.model, baseline.model]
    own, *others = measuring.latency(models, asked, platform)
    stated = {
        "grade": "records",
        "machine": MACHINE,
        "price_table": PRICES,
        "records": _recorded(folder, trained, "latency", own),
    }
    if baseline is None:
        return stated
    records = _recorded(folder, trained, "latency_of_baseline", others[0])
    return {**stated, "against": {"artifact": baseline.artifact, "records": records}}


def _recorded(folder: Path, trained: Trained, name: str, records: Sequence[Record]) -> dict[str, Any]:
    path, body = f"{trained.kind}/records/{name}.jsonl", measuring.lines(records)
    write(folder / path, body)
    stated: dict[str, Any] = msgspec.to_builtins(_stated(path, body))
    return stated


def _stated(path: str, body: bytes) -> File:
    return File(path=path, sha256=hashlib.sha256(body).hexdigest(), bytes=len(body))


def _learned(trained: Trained) -> tuple[Digits, ...]:
    return (pretraining(), canonical()) if "base_model" in trained.contract else (canonical(),)


def _dataset(platform: str, part: Digits) -> dict[str, str]:
    return {
        "name": f"scikit-learn digits, {part.name}",
        "digest": part.digest(),
        "platform": platform,
        "region": _REGION[platform],
    }
