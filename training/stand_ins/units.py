# SPDX-License-Identifier: Apache-2.0
"""What is each kind's stand-in made of: its files, its contract, and how its quality is scored?"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from training.stand_ins import measuring
from training.stand_ins.adapters import RANK, Adapter, Base, fit_base
from training.stand_ins.retrieval import DIMENSION, Embedder, Index, fit_embedder, fit_index
from training.stand_ins.runtimes import Runtime, Served
from training.stand_ins.shipping import ORG, Trained
from training.stand_ins.suite import CELLS, DARKEST, FORBIDDEN, canonical
from training.stand_ins.weights import decoded, encoded

from federation.core.digest import digest_of

Fit = Callable[[], dict[str, Any]]
"""Trains, and returns the weights."""
RUNTIME_CONTRACT: Final[Mapping[str, Any]] = {
    "format": "json-linear",
    "opset": 1,
    "inputs": [{"name": "pixels", "type": "int64", "shape": [CELLS]}],
    "outputs": [{"name": "digit", "type": "int64", "shape": []}],
    "limits": {"max_batch": 1, "max_tokens": CELLS},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """The base of all adapters, its files by name, and the part of their contract that pins these."""

    base: Base
    files: Mapping[str, bytes]
    contract: Mapping[str, Any]


def frozen_base() -> Frozen:
    """The base model with its tokenizer and its template."""
    files = {
        "model": encoded(fit_base()),
        "tokenizer": encoded({"cells": CELLS, "divide_by": DARKEST}),
        "chat_template": encoded({"input": "64 cells, row by row", "output": "the digit with the largest logit"}),
    }
    contract = {
        "base_model": digest_of(files["model"]),
        "tokenizer": digest_of(files["tokenizer"]),
        "chat_template": digest_of(files["chat_template"]),
        "rank": RANK,
        "target_modules": ["linear"],
    }
    return Frozen(base=Base(decoded(files["model"])), files=files, contract=contract)


def textgen(number: int, frozen: Frozen, fit: Fit) -> Trained:
    """An adapter that tells ten digits apart, scored by `accuracy`."""
    body, seconds = _trained(fit)
    model = Adapter(frozen.base, decoded(body))
    return Trained(
        kind="textgen-lora",
        number=number,
        files={"adapter.json": body},
        model=model,
        seconds=seconds,
        quality=lambda: measuring.accuracy(model, canonical()),
        contract=frozen.contract,
    )


def policy_adapter(number: int, frozen: Frozen, fit: Fit) -> Trained:
    """An adapter that flags forbidden digits, scored by whether it flags what it should and nothing else."""
    body, seconds = _trained(fit)
    files = {"adapter.json": body, "policy.json": encoded({"forbidden": sorted(FORBIDDEN)})}
    model = Adapter(frozen.base, decoded(body))
    return Trained(
        kind="policy-adapter",
        number=number,
        files=files,
        model=model,
        seconds=seconds,
        quality=lambda: measuring.flagging(model, canonical()),
        contract=frozen.contract,
    )


def embedder(number: int, *, supervised: bool) -> tuple[Trained, Embedder]:
    """A projection, scored by `ndcg` and `recall_at_1` of every query; and its model, for an index to be built on."""
    body, seconds = _trained(lambda: fit_embedder(supervised=supervised))
    model = Embedder(decoded(body))
    unit = Trained(
        kind="embedder",
        number=number,
        files={"embedder.json": body},
        model=model,
        seconds=seconds,
        quality=lambda: measuring.retrieval(model, canonical()),
        contract={"dimension": DIMENSION, "pooling": "none", "normalisation": "l2", "max_tokens": CELLS},
    )
    return unit, model


def retrieval_eval(number: int, measured_with: Trained, embed: Embedder) -> Trained:
    """An index in an embedder's vectors, with thresholds that hold for this embedder's artifact only."""
    body, seconds = _trained(lambda: fit_index(embed))
    model = Index(embed, decoded(body))
    return Trained(
        kind="retrieval-eval",
        number=number,
        files={"index.json": body},
        model=model,
        seconds=seconds,
        quality=lambda: measuring.retrieval(model, canonical()),
        contract={"index_dimension": DIMENSION, "embedder": f"{ORG}/{measured_with.kind}"},
        calibration={"embedder": measured_with.artifact, "thresholds": model.thresholds()},
    )


def runtime(number: int, fit: Fit) -> tuple[Trained, Runtime]:
    """A student, scored by `accuracy` against the true digits; and its model, for a benchmark to serve."""
    body, seconds = _trained(fit)
    model = Runtime(decoded(body))
    unit = Trained(
        kind="runtime-distilled",
        number=number,
        files={"runtime.json": body},
        model=model,
        seconds=seconds,
        quality=lambda: measuring.accuracy(model, canonical()),
        contract=RUNTIME_CONTRACT,
    )
    return unit, model


def benchmark(number: int, served: Trained, serve: Runtime) -> Trained:
    """A runtime behind a request, scored by `accuracy` of the answers that came back."""
    model = Served(serve)
    return Trained(
        kind="inference-benchmark",
        number=number,
        files={"benchmark.json": encoded({"runtime": served.artifact, "encoding": "json", "concurrency": 1})},
        model=model,
        quality=lambda: measuring.accuracy(model, canonical()),
        contract=RUNTIME_CONTRACT,
    )


def _trained(fit: Fit) -> tuple[bytes, float]:
    """The file of weights, and the core seconds that training them took."""
    start = time.process_time()
    weights = fit()
    return encoded(weights), time.process_time() - start
