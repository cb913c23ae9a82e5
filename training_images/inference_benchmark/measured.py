# SPDX-License-Identifier: Apache-2.0
"""What does a caller of the runtime get, and at what price? Answers, milliseconds, tokens, money.

Latency is the caller's, from the request's first byte to the answer's last. Cost is the serving core's time, which the
server states with every answer, at the price of the versioned table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from federation.core.statistics.decimal_text import decimal_text
from training_images.evals.latency import (
    Baseline,
    a_second,
    latencies,
    percentile,
    questions,
    requests,
    rounded,
    sides,
)
from training_images.evals.remeasured import Ask, against
from training_images.evals.scoring import safety, scored
from training_images.evals.suite import Suite
from training_images.inference_benchmark.served import Caller
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.prices import prices
from training_images.job.result import DataSet, Made, Record, Timed
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import Shipped
from training_images.runtime_distilled.runtime import Runtime

KIND: Final = "inference-benchmark"
REPORT: Final = "benchmark.json"
_REQUESTS: Final = 600
_SHARES: Final[Mapping[str, float]] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Served:
    """A runtime that is asked over HTTP, and the cost that its server stated for every answer."""

    def __init__(self, *, unit: Shipped, runtime: Runtime, caller: Caller) -> None:
        self.unit = unit
        self.runtime = runtime
        self.core: list[float] = []
        self._caller = caller

    def ask(self, text: str) -> str:
        """The label that the server answers."""
        found = self._caller.ask(text)
        self.core.append(found.core)
        return found.label

    def answer(self, texts: Sequence[str]) -> list[str]:
        """The labels that the server answers; each text is asked alone."""
        return [self.ask(text) for text in texts]

    def warm_up(self, texts: Sequence[str], number: int) -> None:
        """Send `number` requests that are not counted."""
        for place in range(number):
            self.ask(texts[place % len(texts)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The serving benchmark: its artifact digest, and the runtime that it measured."""

    artifact: str
    served: Served


def measured(job: Job, asked: Suite, candidate: Served, baseline: Serving | None, ask: Ask) -> Made:
    """The benchmark in the job's folder, with all evidence.

    Args:
        job: The job, for its machine and price.
        asked: The suite.
        candidate: The runtime to measure.
        baseline: The serving benchmark, if there is one.
        ask: Lets the runtime of another benchmark answer.
    """
    timed = _timed(job.spec, asked, candidate, baseline)
    (job.folder / REPORT).write_bytes(_report(job.spec, candidate.unit, timed.records))
    task = asked.parts["task"]
    quality = scored(task, candidate.answer(task.texts), safety=False)
    job.log(**{f"{name}_ms": percentile(timed.records, share) for name, share in _SHARES.items()})
    return Made(
        kind=KIND,
        files=[REPORT],
        contract=candidate.unit.contract,
        quality=against(job.spec, KIND, quality, ask),
        safety=safety(candidate.answer, asked),
        latency=timed,
        datasets=[DataSet(name=asked.name, digest=asked.digest)],
        base_model=candidate.unit.name,
        summary=_summary(candidate.unit, timed.records),
        charts={"latency": charts.latency(sides(timed))},
    )


def _timed(spec: JobSpec, asked: Suite, candidate: Served, baseline: Serving | None) -> Timed:
    """Requests to both runtimes in turns, each at the price of the serving core's time."""
    against = Baseline(artifact=baseline.artifact, answer=baseline.served.ask) if baseline else None
    chosen = questions(spec, asked.parts["task"].items, candidate.runtime.tokens, _REQUESTS)
    found = requests(spec, candidate.ask, chosen, against)
    return replace(
        found,
        records=_priced(spec, found.records, candidate.core),
        baseline=_priced(spec, found.baseline, baseline.served.core) if baseline else (),
    )


def _priced(spec: JobSpec, records: Sequence[Record], core: Sequence[float]) -> list[Record]:
    price = a_second(spec)
    return [
        {**record, "scores": {**record["scores"], "cost": rounded(seconds * price)}}
        for record, seconds in zip(records, core[-len(records) :], strict=True)
    ]


def _report(spec: JobSpec, unit: Shipped, records: Sequence[Record]) -> bytes:
    """The content of benchmark.json; numbers as decimal text."""
    tokens, cost = (sum(record["scores"][name] for record in records) for name in ("tokens", "cost"))
    seconds = sum(latencies(records)) / 1000
    told: dict[str, Any] = {
        "runtime": unit.artifact,
        "encoding": "application/json over HTTP/1.1, one connection",
        "concurrency": 1,
        "machine": spec.machine,
        "price_table": prices().version,
        "currency": prices().currency,
        "requests": len(records),
        "latency_ms": {name: _text(percentile(records, share)) for name, share in _SHARES.items()},
        "tokens_per_second": _text(tokens / seconds),
        "cost_per_token": _text(cost / tokens),
    }
    return msgspec.json.format(msgspec.json.encode(told, order="sorted"), indent=2) + b"\n"


def _text(value: float) -> str:
    return decimal_text(rounded(value))


def _summary(unit: Shipped, records: Sequence[Record]) -> str:
    told = ", ".join(f"{name} {percentile(records, share):.3g} ms" for name, share in _SHARES.items())
    return f"{unit.name} (`{unit.artifact}`) behind HTTP on one core, asked {len(records):,} times: {told}."
