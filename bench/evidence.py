# SPDX-License-Identifier: Apache-2.0
"""What records do a unit and its baseline have, for a given number of paired items?

They are invented, but shaped like the examples' records. They are reproducible: scores come from a seeded generator,
whatever the size.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from federation.core.digest import digest
from federation.core.gates.rules import GateRules, LatencyRule, QualityRule, SafetyRule, SuiteRule
from federation.core.manifest import Unit, unit_of

RULES: Final = GateRules(
    quality=(QualityRule(metric="accuracy", margin=Decimal("0.05")),),
    latency=LatencyRule(p95_ratio=Decimal("1.2"), cost_ratio=Decimal("1.2")),
    safety=SafetyRule(suites={"policy": SuiteRule(max_failure_rate=Decimal("0.01"))}),
)
_SUITE: Final = {"name": "canonical", "digest": digest("canonical")}
_PERIOD: Final = 20_000
"""Number of scores after which they repeat; item ids never do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A unit as its manifest states it, and its record files by path."""

    document: Mapping[str, Any]
    bodies: Mapping[str, bytes]

    @property
    def unit(self) -> Unit:
        """The unit."""
        return unit_of(self.document)


def baseline(items: int) -> Side:
    """The serving unit. Its own latency run is from another day, so the gates cannot use it."""
    bodies = {"quality": _quality(items, 0.80, seed=1), "safety": _safety(items, seed=2)}
    return Side(document=_unit(1, bodies, None), bodies=bodies)


def candidate(items: int, serving: Unit) -> Side:
    """The unit that would replace it: as good, as fast, as safe."""
    bodies = {
        "quality": _quality(items, 0.81, seed=3),
        "latency": _latency(items, seed=4),
        "against": _latency(items, seed=5),
        "safety": _safety(items, seed=6),
    }
    return Side(document=_unit(2, bodies, serving.artifact), bodies=bodies)


def _quality(items: int, accuracy: float, seed: int) -> bytes:
    return _lines("q", items, seed, lambda draw: f'"accuracy":{int(draw.random() < accuracy)}')


def _safety(items: int, seed: int) -> bytes:
    return _lines("s", items, seed, lambda draw: f'"safe":{int(draw.random() < 0.9995)}')


def _latency(items: int, seed: int) -> bytes:
    def scores(draw: random.Random) -> str:
        return f'"latency_ms":{draw.lognormvariate(3, 0.4):.6f},"cost":{draw.uniform(0.001, 0.002):.8f},"tokens":64'

    return _lines("r", items, seed, scores)


def _lines(prefix: str, items: int, seed: int, scores: Callable[[random.Random], str]) -> bytes:
    draw = random.Random(seed)
    drawn = [scores(draw) for _ in range(min(items, _PERIOD))]
    return b"".join(_blocks(prefix, items, drawn))


def _blocks(prefix: str, items: int, drawn: list[str]) -> Iterator[bytes]:
    """The lines in blocks, so that a million of them are never in memory one by one."""
    for start in range(0, items, _PERIOD):
        lines = enumerate(drawn[: items - start], start)
        yield "".join(f'{{"item":"{prefix}-{row:07d}","scores":{{{scores}}}}}\n' for row, scores in lines).encode()


def _unit(number: int, bodies: Mapping[str, bytes], serving: str | None) -> dict[str, Any]:
    evidence: dict[str, Any] = {
        "quality": {"suite": _SUITE, "grade": "records", "records": _file("quality", bodies)},
        "safety": {"policy": {"suite": _SUITE, "grade": "records", "records": _file("safety", bodies)}},
    }
    if serving is not None:
        evidence["latency"] = {
            "grade": "records",
            "machine": "one",
            "price_table": "2026-11",
            "records": _file("latency", bodies),
            "against": {"artifact": serving, "records": _file("against", bodies)},
        }
    return {
        "name": f"spiralverse/embedder-v{number}",
        "kind": "embedder",
        "files": [{"path": "model.bin", "sha256": f"{number:064x}", "bytes": 1}],
        "contract": {"dimension": 64, "pooling": "mean", "normalisation": "l2", "max_tokens": 512},
        "api": "fusion-api-v1",
        "evidence": evidence,
        "residency": {"raw_data_left": False, "datasets": []},
    }


def _file(path: str, bodies: Mapping[str, bytes]) -> dict[str, Any]:
    return {"path": path, "sha256": hashlib.sha256(bodies[path]).hexdigest(), "bytes": len(bodies[path])}
