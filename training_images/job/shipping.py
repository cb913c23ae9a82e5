# SPDX-License-Identifier: Apache-2.0
"""Writes a trainer's result as a unit that the functions accept: all files first, the manifest last.

Without the manifest, readers see a unit that is not ready; with it, a complete one. Cards and charts are beside the
unit and not part of it: the same weights are the same artifact, also with another card.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from federation.core import contract
from federation.core.instant import text
from federation.core.manifest import File
from federation.core.number_text import decimal_text
from federation.core.uri import SENTINEL
from training_images.job import draft
from training_images.job.card import card
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.naming import unit_name
from training_images.job.peak_memory import peak_memory_mb
from training_images.job.prices import prices
from training_images.job.result import DataSet, EvalResult, LatencyResult, Record, UnitResult

WEIGHTS: Final = frozenset({".safetensors", ".onnx", ".json", ".txt", ".jinja", ".npy"})
"""File types that a unit may contain. Opening a pickle runs code, so no file that may contain one is shipped."""


def ship(job: Job, results: Sequence[UnitResult], environment: Mapping[str, str], words: str | None = None) -> Path:
    """Write all units into the job's output folder, the manifest last, and return the manifest's path.

    Args:
        job: The job, for its folder, settings and place.
        results: The units.
        environment: Variables with the source, the image and the time.
        words: The image's template of a card; None for the common one.

    Raises:
        ConfigError: A file is missing or of a type that may contain code, or the job asks for another kind of unit.
        ContractError: The manifest would not satisfy schemas/manifest.v1.json.
        OSError: A file could not be written; everything already written is deleted.
    """
    output = job.spec.output
    with _all_or_nothing(output):
        (output / SENTINEL).unlink(missing_ok=True)  # an earlier manifest would make a half-written unit look complete
        manifest = {
            "schema": "manifest.v1",
            "platform": job.spec.platform,
            "produced_at": text(produced_at(environment)),
            "units": [_unit_document(job, result, environment, words) for result in results],
        }
        contract.check("manifest.v1", manifest, what="the manifest of this job")
        write_atomically(output / SENTINEL, document_bytes(manifest))
    return output / SENTINEL


def produced_at(environment: Mapping[str, str]) -> datetime:
    """The current time, or a reproducible run's given time (https://reproducible-builds.org/specs/source-date-epoch).

    Raises:
        ConfigError: The given time is not valid.
    """
    seconds = environment.get("SOURCE_DATE_EPOCH")
    if not seconds:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(f"SOURCE_DATE_EPOCH is {seconds!r}; write the seconds since 1970, or leave it out") from error


def document_bytes(document: Any) -> bytes:
    """A document as readable JSON: sorted keys, two spaces, a final newline."""
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"


def lines(records: Sequence[Record]) -> bytes:
    """The records as JSON Lines."""
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


def write_atomically(path: Path, body: bytes) -> None:
    """Write a file all at once: first under another name, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(body)
    unfinished.replace(path)


@contextmanager
def _all_or_nothing(output: Path) -> Iterator[None]:
    before = set(output.rglob("*")) if output.exists() else set()
    try:
        yield
    except BaseException:
        for path in sorted(set(output.rglob("*")) - before, reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        raise


def _unit_document(job: Job, unit: UnitResult, environment: Mapping[str, str], words: str | None) -> dict[str, Any]:
    if job.spec.kind and job.spec.kind != unit.kind:
        raise ConfigError(
            f"the job asks for {job.spec.kind}, and this image makes {unit.kind}; name the image of that kind in the policy"
        )
    name, output = unit_name(job.spec, unit.kind), job.spec.output
    document = {
        "name": name,
        "kind": unit.kind,
        "files": [_copied_file(job, unit.kind, path) for path in sorted(unit.files)],
        "contract": dict(unit.contract),
        "api": draft.api(job.spec),
        "evidence": _evidence(job, unit),
        "residency": {"raw_data_left": False, "datasets": [_dataset(job, dataset) for dataset in unit.datasets]},
        "provenance": _provenance(job, unit, environment),
        "cost": {"currency": prices().currency, "training": _cost(job)},
        **({"calibration": dict(unit.calibration)} if unit.calibration else {}),
    }
    for chart, body in unit.charts.items():
        write_atomically(output / unit.kind / "charts" / f"{chart}.svg", body)
    write_atomically(output / unit.kind / "README.md", card(document, unit, words).encode())
    return document


def _copied_file(job: Job, kind: str, path: str) -> dict[str, Any]:
    source = job.folder / path
    if PurePosixPath(path).suffix not in WEIGHTS:
        raise ConfigError(f"{path} is not shipped: units consist of {', '.join(sorted(WEIGHTS))}, never of pickles")
    if not source.is_file():
        raise ConfigError(f"the trainer names {path}, which it did not write")
    place = job.spec.output / kind / path
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    with place.open("rb") as file:
        entry = File(path=f"{kind}/{path}", sha256=hashlib.file_digest(file, "sha256").hexdigest(), bytes=file.tell())
    document: dict[str, Any] = msgspec.to_builtins(entry)
    return document


def _evidence(job: Job, result: UnitResult) -> dict[str, Any]:
    safety = {name: _score_evidence(job, result, name, scored) for name, scored in result.safety.items()}
    return {
        **({"quality": _score_evidence(job, result, "quality", result.quality)} if result.quality else {}),
        **({"latency": _latency_evidence(job, result, result.latency)} if result.latency else {}),
        **({"safety": safety} if safety else {}),
    }


def _score_evidence(job: Job, result: UnitResult, name: str, scored: EvalResult) -> dict[str, Any]:
    summary = {
        metric: {"n": count, "mean": decimal_text(mean), "sd": decimal_text(deviation)}
        for metric, (count, mean, deviation) in scored.summaries.items()
    }
    against = [
        {"artifact": artifact, "records": _record_file(job, result.kind, f"{name}_of_{channel}", records)}
        for channel, (artifact, records) in scored.against.items()
    ]
    return {
        "suite": {"name": scored.suite, "digest": scored.digest},
        "grade": "records",
        "records": _record_file(job, result.kind, name, scored.records),
        **({"summary": summary} if summary else {}),
        **({"against": against} if against else {}),
    }


def _latency_evidence(job: Job, result: UnitResult, timed: LatencyResult) -> dict[str, Any]:
    evidence = {
        "grade": "records",
        "machine": job.spec.machine,
        "price_table": prices().version,
        "records": _record_file(job, result.kind, "latency", timed.records),
    }
    if timed.against is None:
        return evidence
    records = _record_file(job, result.kind, "latency_of_baseline", timed.baseline)
    return {**evidence, "against": {"artifact": timed.against, "records": records}}


def _record_file(job: Job, kind: str, name: str, records: Sequence[Record]) -> dict[str, Any]:
    path, body = f"{kind}/records/{name}.jsonl", lines(records)
    write_atomically(job.spec.output / path, body)
    entry = File(path=path, sha256=hashlib.sha256(body).hexdigest(), bytes=len(body))
    document: dict[str, Any] = msgspec.to_builtins(entry)
    return document


def _dataset(job: Job, dataset: DataSet) -> dict[str, str]:
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "platform": dataset.platform or job.spec.platform,
        "region": dataset.region or job.spec.region,
    }


def _provenance(job: Job, result: UnitResult, environment: Mapping[str, str]) -> dict[str, Any]:
    """The provenance that the schema requires, and the seeds, settings and resources used."""
    return {
        **draft.provenance(job.spec, environment),
        "seeds": dict(result.seeds),
        "seconds": decimal_text(round(job.seconds, 1)),
        "peak_memory_mb": peak_memory_mb(result.child_processes),
    }


def _cost(job: Job) -> str:
    return format(prices().of(job.spec.platform, job.spec.machine, job.seconds * job.spec.world), "f")
