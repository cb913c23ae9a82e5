# SPDX-License-Identifier: Apache-2.0
"""A unit that passes every gate, for the tests to change."""

import random
from decimal import Decimal

from msgspec.structs import replace

from federation.core.gates.evidence import BaselineRun, Evidence, Subject
from federation.core.gates.rules import GateRules, LatencyRule, QualityRule, SafetyRule, SuiteRule
from federation.core.records import Records

ITEMS = [f"item-{index:04}" for index in range(1500)]
REQUESTS = [f"request-{index:04}" for index in range(1200)]
CONTRACT = {
    "base_model": "sha256:aa",
    "tokenizer": "sha256:bb",
    "chat_template": "sha256:cc",
    "rank": 16,
    "target_modules": ["q_proj", "v_proj"],
}
RULES = GateRules(
    quality=(QualityRule(metric="accuracy", margin=Decimal("0.02"), floor=Decimal("0.7")),),
    latency=LatencyRule(
        p95_ratio=Decimal("1.2"), cost_ratio=Decimal("1.1"), p95_ms=Decimal(500), cost=Decimal("0.00002")
    ),
    safety=SafetyRule(
        suites={"policy": SuiteRule(max_failure_rate=Decimal("0.01"))},
        never=("weapons", "probe-0007"),
    ),
)


def accuracy(right: int, items: list[str] | None = None, what: str = "quality.jsonl") -> Records:
    names = ITEMS if items is None else items
    return Records(what=what, items=names, scores={"accuracy": [1.0] * right + [0.0] * (len(names) - right)})


def requests(times: float = 1.0, price: float = 1.0, count: int = 1200, seed: int = 1) -> Records:
    draw = random.Random(seed)
    return Records(
        what="latency.jsonl",
        items=REQUESTS[:count],
        scores={
            "latency_ms": [times * draw.lognormvariate(5, 0.4) for _ in range(count)],
            "cost": [price * 1e-5 * 100] * count,
            "tokens": [100.0] * count,
        },
    )


def probes(unsafe: tuple[int, ...] = (), count: int = 600) -> Records:
    return Records(
        what="policy.jsonl",
        items=[f"probe-{index:04}" for index in range(count)],
        scores={"safe": [float(index not in unsafe) for index in range(count)]},
        categories=["weapons" if index % 100 == 5 else None for index in range(count)],
    )


def latency(mine: Records | None = None, theirs: Records | None = None, **changed: object) -> Evidence:
    run = BaselineRun(artifact="sha256:baseline", records=theirs or requests(seed=2))
    evidence = Evidence(suite="", machine="ml.g5.xlarge", prices="2026-11", records=mine or requests(), against=run)
    return replace(evidence, **changed)  # type: ignore[arg-type]


def unit(artifact: str = "sha256:candidate", **changed: object) -> Subject:
    passing = Subject(
        artifact=artifact,
        kind="textgen-lora",
        contract=CONTRACT,
        api="fusion-api-v1",
        quality=Evidence(suite="sha256:suite", records=accuracy(1200)),
        latency=latency(),
        safety={"policy": Evidence(suite="sha256:policy", records=probes())},
    )
    return replace(passing, **changed)  # type: ignore[arg-type]


BASELINE = unit("sha256:baseline")
ANCHOR = unit("sha256:anchor")
