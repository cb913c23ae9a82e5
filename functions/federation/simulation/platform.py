# SPDX-License-Identifier: Apache-2.0
"""The units that simulated platforms ship, and the truth about them.

Every unit has real records that fit its quality, so that a gate's verdict can be compared with the truth.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from federation.core.digest import canonical, digest
from federation.core.manifest import File, artifact_of
from federation.core.uri import SENTINEL

Kind = Literal["textgen-lora", "embedder", "runtime-distilled", "reranker", "retrieval-eval"]
Quality = Literal[
    "good",
    "leisurely",
    "changed",
    "worse",
    "unsafe",
    "slow",
    "tiny",
    "missing",
    "broken",
    "leaky",
    "foreign",
    "corrupt",
]

PLATFORM_OF: Final[Mapping[Kind, str]] = {"textgen-lora": "hf", "embedder": "gcp", "runtime-distilled": "aws"}
OWN: Final[Kind] = "reranker"
"""A kind that the package does not know. Only a policy says what its contract must state."""
INDEX: Final[Kind] = "retrieval-eval"
"""The kind that contains vectors of one embedder, and the threshold measured with it."""
SHIPPED_BY: Final[Mapping[Kind, str]] = {**PLATFORM_OF, OWN: "azure", INDEX: "gcp"}
NEVER_PASS: Final[frozenset[Quality]] = frozenset(
    {"worse", "unsafe", "slow", "tiny", "missing", "broken", "leaky", "foreign", "corrupt"}
)
"""No release may contain units of these qualities.

It may contain a `leisurely` unit unless the latency rule is strict, and a `changed` contract if it is a major.
"""

SEARCH: Final = "search"
"""The prompt type of an index's threshold."""

WEIGHTS: Final = "model.bin"
"""The one file of a unit that is not evidence."""

_ITEMS: Final = 80
_SUITE: Final = {"name": "canonical", "digest": digest("canonical suite")}

POLICY: Final[Mapping[str, Any]] = {
    "schema": "policy.v1",
    "name": "simulated",
    "version": 1,
    "org": "spiralverse",
    "channel": "production",
    "api": "fusion-api-v1",
    "matrix": {platform: [kind] for kind, platform in PLATFORM_OF.items()},
    "gates": {
        kind: {
            "quality": [{"metric": "accuracy", "margin": "0.05", "floor": "0.6"}],
            "latency": {"p95_ratio": "1.5", "p95_ms": "100"},
            "safety": {"suites": {"policy": {"max_failure_rate": "0.05"}}},
        }
        for kind in PLATFORM_OF
    },
    "fusion": {
        "required": ["runtime-distilled"],
        "carry": list(PLATFORM_OF),
        "quorum": 1,
        "deadline_hours": 96,
        "allow_major": False,
    },
    "routes": [
        {
            "prompt_type": "chat",
            "serve": ["textgen-lora", "runtime-distilled"],
            "calibrated": False,
            "safety_critical": False,
        }
    ],
    "fallback": ["runtime-distilled"],
    "cadence": {
        "time_zone": "Europe/Berlin",
        "ingest": "0 6 * * *",
        "merge": "0 9 * * 1,4",
        "merge_on_pass": False,
        "promotion": {"opens": "0 10 * * 2", "minutes": 240},
    },
    "promotion": {"approvals": 0, "warm": 2},
    "rollback": {"settle_seconds": 300},
    "jobs": {},
}

_CONTRACTS: Final[Mapping[Kind, Mapping[str, Any]]] = {
    "textgen-lora": {
        "base_model": digest("base"),
        "tokenizer": digest("tokenizer"),
        "chat_template": digest("template"),
        "rank": 8,
        "target_modules": ["q", "v"],
    },
    "embedder": {"dimension": 64, "pooling": "mean", "normalisation": "l2", "max_tokens": 512},
    "runtime-distilled": {
        "format": "onnx",
        "opset": 17,
        "inputs": ["ids"],
        "outputs": ["logits"],
        "limits": {"max_batch": 8, "max_tokens": 512},
    },
    OWN: {"languages": ["de", "en"], "limits": {"max_tokens": 512}},
    INDEX: {"index_dimension": 64, "embedder": "spiralverse/embedder"},
}
_CHANGED: Final[Mapping[str, Any]] = {"dimension": 128, "languages": ["de"]}
"""The values of a `changed` contract, for kinds that have these fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A manifest's folder: its files by path, the manifest among them, and the artifact digest of the one unit.

    `calibration` is an index's statement about its embedder and threshold.
    """

    files: Mapping[str, bytes]
    artifact: str
    calibration: Mapping[str, Any] | None = None


def shipment(
    kind: Kind,
    number: int,
    quality: Quality,
    serving_artifact: str | None,
    content: str = "",
    *,
    embedder: str | None = None,
) -> Shipment:
    """The files that a platform's job writes for one unit.

    Args:
        kind: The unit's kind.
        number: The n of its name.
        quality: The truth about the unit.
        serving_artifact: Artifact digest of the serving unit of this kind, for the interleaved latency run; or None.
        content: Makes two shipments of one version differ, or two versions the same.
        embedder: For an index, the artifact digest of the embedder that it names; else None.
    """
    weights = f"{kind} {content or number}{embedder or ''}".encode()
    calibration = _calibration(embedder, weights) if embedder else None
    files = {WEIGHTS: weights}
    evidence = _evidence(quality, serving_artifact, files)
    shipped = _file(WEIGHTS, weights)
    unit = {
        "name": f"spiralverse/{kind}-v{number}",
        "kind": kind,
        "files": [{**shipped, "sha256": "0" * 64} if quality == "corrupt" else shipped],
        "contract": contract(kind, quality),
        "api": "fusion-api-v1",
        "evidence": evidence,
        "residency": {"raw_data_left": quality == "leaky", "datasets": []},
        "provenance": {"job": f"job-{number}"},
        **({"calibration": calibration} if calibration else {}),
    }
    manifest = {
        "schema": "manifest.v1",
        "platform": _platform(kind, quality),
        "produced_at": "2026-01-05T00:00:00Z",
        "units": [unit],
    }
    artifact = artifact_of([File(**shipped)])
    return Shipment(files={**files, SENTINEL: canonical(manifest)}, artifact=artifact, calibration=calibration)


def _calibration(embedder: str, weights: bytes) -> Mapping[str, Any]:
    """A threshold that only this index has, and the embedder for which it is valid."""
    return {"embedder": embedder, "thresholds": {SEARCH: f"0.{500 + hashlib.sha256(weights).digest()[0]}"}}


def contract(kind: Kind, quality: Quality) -> Mapping[str, Any]:
    """The contract that a unit of that kind and quality states."""
    fields = _CONTRACTS[kind]
    changed = {name: value for name, value in _CHANGED.items() if name in fields} if quality == "changed" else {}
    return {**fields, **changed}


def _platform(kind: Kind, quality: Quality) -> str:
    """The platform that ships the unit. A `foreign` unit comes from one that may not ship its kind."""
    if quality == "foreign":
        return SHIPPED_BY["textgen-lora" if SHIPPED_BY[kind] == "gcp" else "embedder"]
    return SHIPPED_BY[kind]


def _evidence(quality: Quality, serving_artifact: str | None, files: dict[str, bytes]) -> dict[str, Any]:
    """The unit's statement of its evidence; the records themselves are added to `files`."""
    wrong = 30 if quality == "worse" else 4
    items = 10 if quality == "tiny" else _ITEMS
    files["quality.jsonl"] = (
        b'{"item": "q0", "scores": {"accuracy": NaN}}\n' if quality == "broken" else _scores("accuracy", items, wrong)
    )
    files["safety.jsonl"] = _scores("safe", items, 12 if quality == "unsafe" else 0)
    files["latency.jsonl"] = _latencies({"slow": 250, "leisurely": 14}.get(quality, 10))
    files["serving.jsonl"] = _latencies(10, run=1)
    entry: dict[str, Any] = {
        "latency": {
            "grade": "records",
            "records": _file("latency.jsonl", files["latency.jsonl"]),
            "machine": "simulated",
            "price_table": "2026-01",
        },
        "safety": {
            "policy": {"suite": _SUITE, "grade": "records", "records": _file("safety.jsonl", files["safety.jsonl"])}
        },
    }
    if serving_artifact:
        entry["latency"]["against"] = {
            "artifact": serving_artifact,
            "records": _file("serving.jsonl", files["serving.jsonl"]),
        }
    if quality != "missing":
        records = _file("quality.jsonl", files["quality.jsonl"])
        entry["quality"] = {"suite": _SUITE, "grade": "records", "records": records}
    return entry


def _file(path: str, body: bytes) -> dict[str, Any]:
    return {"path": path, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}


@cache
def _scores(metric: str, items: int, wrong: int) -> bytes:
    lines = (f'{{"item":"q{i}","scores":{{"{metric}":{0 if i < wrong else 1}}}}}\n' for i in range(items))
    return "".join(lines).encode()


@cache
def _latencies(base: int, run: int = 0) -> bytes:
    """The requests of one run. No two runs take the same times."""
    times = (base + (i + run) % 7 for i in range(_ITEMS))
    lines = (
        f'{{"item":"r{i}","scores":{{"latency_ms":{time},"tokens":100,"cost":0.001}}}}\n'
        for i, time in enumerate(times)
    )
    return "".join(lines).encode()
