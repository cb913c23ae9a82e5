# SPDX-License-Identifier: Apache-2.0
"""Train the stand-ins of all six kinds, measure them, and write training/examples anew.

python training/evaluate.py

Everything is computed from the digits that scikit-learn ships, seeded and on one thread; only wall times differ from run
to run. training/README.md says what is real in it.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from threadpoolctl import threadpool_limits

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "functions")]

from federation.core.digest import digest_of
from training.stand_ins import measuring
from training.stand_ins.adapters import RANK, Adapter, Base, fit_adapter, fit_base
from training.stand_ins.retrieval import DIMENSION, Embedder, Index, fit_embedder, fit_index
from training.stand_ins.runtimes import Runtime, Served, fit_runtime
from training.stand_ins.shipping import ORG, Trained, ship, write
from training.stand_ins.suite import CELLS, DARKEST, FORBIDDEN, canonical
from training.stand_ins.weights import decoded, encoded

EXAMPLES: Final = HERE / "examples"
FIRST: Final = "2026-11-15T05:00:00Z"
LATER: Final = "2026-11-18T05:00:00Z"
RETURNING: Final = "2026-11-25T05:00:00Z"
KINDS: Final = {
    "hf": ("textgen-lora", "policy-adapter"),
    "gcp": ("embedder", "retrieval-eval"),
    "aws": ("runtime-distilled", "inference-benchmark"),
}
FEW: Final = 30
"""Requests of the second benchmark: too few for a p95, so that its latency gate cannot decide."""
RUNTIME_CONTRACT: Final[Mapping[str, Any]] = {
    "format": "json-linear",
    "opset": 1,
    "inputs": [{"name": "pixels", "type": "int64", "shape": [CELLS]}],
    "outputs": [{"name": "digit", "type": "int64", "shape": []}],
    "limits": {"max_batch": 1, "max_tokens": CELLS},
}


def main() -> None:
    """Write the first units, the later ones, and the one that returns."""
    with threadpool_limits(1):
        base, frozen = _base()
        first, later = _first(base, frozen), _later(base, frozen)
        for platform, kinds in KINDS.items():
            ship(EXAMPLES, platform, FIRST, [(first[kind], None) for kind in kinds])
            ship(EXAMPLES / "later", platform, LATER, [(later[kind], first[kind]) for kind in kinds])
        again = replace(later["textgen-lora"], number=3)
        ship(EXAMPLES / "later" / "returning", "hf", RETURNING, [(again, first["textgen-lora"])])


def _first(base: Base, frozen: Mapping[str, Any]) -> dict[str, Trained]:
    """What each platform ships at first: fair, with room for something better."""
    embedder, embed = _embedder(1, supervised=False)
    runtime, serve = _runtime(1, fit_runtime(share=0.25, disturbed_copies=0))
    units = [
        _textgen(1, base, frozen, fit_adapter(base, share=0.1)),
        _policy_adapter(1, base, frozen, fit_adapter(base, share=1.0, emphasis=3.0)),
        embedder,
        _retrieval_eval(1, embedder, embed),
        runtime,
        _benchmark(1, runtime, serve),
    ]
    return {unit.kind: unit for unit in units}


def _later(base: Base, frozen: Mapping[str, Any]) -> dict[str, Trained]:
    """What follows: better, but for a policy adapter of few and wrong labels and a benchmark of too few requests."""
    embedder, embed = _embedder(2, supervised=True)
    runtime, serve = _runtime(2, fit_runtime(share=1.0, disturbed_copies=1))
    units = [
        _textgen(2, base, frozen, fit_adapter(base, share=1.0)),
        _policy_adapter(2, base, frozen, fit_adapter(base, share=0.1, mislabelled=0.4)),
        embedder,
        _retrieval_eval(2, embedder, embed),
        runtime,
        replace(_benchmark(2, runtime, serve), requests=FEW),
    ]
    return {unit.kind: unit for unit in units}


def _base() -> tuple[Base, dict[str, Any]]:
    """The frozen base, written beside the units, and the part of an adapter's contract that pins it."""
    files = {
        "model": encoded(fit_base()),
        "tokenizer": encoded({"cells": CELLS, "divide_by": DARKEST}),
        "chat_template": encoded({"input": "64 cells, row by row", "output": "the digit with the largest logit"}),
    }
    for name, body in files.items():
        write(EXAMPLES / "base" / f"{name}.json", body)
    contract = {
        "base_model": digest_of(files["model"]),
        "tokenizer": digest_of(files["tokenizer"]),
        "chat_template": digest_of(files["chat_template"]),
        "rank": RANK,
        "target_modules": ["linear"],
    }
    return Base(decoded(files["model"])), contract


def _textgen(number: int, base: Base, frozen: Mapping[str, Any], weights: Mapping[str, Any]) -> Trained:
    body = encoded(weights)
    model = Adapter(base, decoded(body))
    return Trained(
        kind="textgen-lora",
        number=number,
        files={"adapter.json": body},
        model=model,
        quality=lambda: measuring.accuracy(model, canonical()),
        contract=frozen,
    )


def _policy_adapter(number: int, base: Base, frozen: Mapping[str, Any], weights: Mapping[str, Any]) -> Trained:
    files = {"adapter.json": encoded(weights), "policy.json": encoded({"forbidden": sorted(FORBIDDEN)})}
    model = Adapter(base, decoded(files["adapter.json"]))
    return Trained(
        kind="policy-adapter",
        number=number,
        files=files,
        model=model,
        quality=lambda: measuring.flagging(model, canonical()),
        contract=frozen,
    )


def _embedder(number: int, *, supervised: bool) -> tuple[Trained, Embedder]:
    body = encoded(fit_embedder(supervised=supervised))
    model = Embedder(decoded(body))
    unit = Trained(
        kind="embedder",
        number=number,
        files={"embedder.json": body},
        model=model,
        quality=lambda: measuring.retrieval(model, canonical()),
        contract={"dimension": DIMENSION, "pooling": "none", "normalisation": "l2", "max_tokens": CELLS},
    )
    return unit, model


def _retrieval_eval(number: int, embedder: Trained, embed: Embedder) -> Trained:
    body = encoded(fit_index(embed))
    model = Index(embed, decoded(body))
    return Trained(
        kind="retrieval-eval",
        number=number,
        files={"index.json": body},
        model=model,
        quality=lambda: measuring.retrieval(model, canonical()),
        contract={"index_dimension": DIMENSION, "embedder": f"{ORG}/{embedder.kind}"},
        calibration={"embedder": embedder.artifact, "thresholds": model.thresholds()},
    )


def _runtime(number: int, weights: Mapping[str, Any]) -> tuple[Trained, Runtime]:
    body = encoded(weights)
    model = Runtime(decoded(body))
    unit = Trained(
        kind="runtime-distilled",
        number=number,
        files={"runtime.json": body},
        model=model,
        quality=lambda: measuring.accuracy(model, canonical()),
        contract=RUNTIME_CONTRACT,
    )
    return unit, model


def _benchmark(number: int, runtime: Trained, serve: Runtime) -> Trained:
    model = Served(serve)
    return Trained(
        kind="inference-benchmark",
        number=number,
        files={"benchmark.json": encoded({"runtime": runtime.artifact, "encoding": "json", "concurrency": 1})},
        model=model,
        quality=lambda: measuring.accuracy(model, canonical()),
        contract=RUNTIME_CONTRACT,
    )


if __name__ == "__main__":
    main()
