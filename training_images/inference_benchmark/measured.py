# SPDX-License-Identifier: Apache-2.0
"""Measures a runtime behind HTTP: accuracy, latency, tokens and cost.

Latency is the caller's, from sending the request to reading the whole answer. Cost is the server's processor time, which
it states with every answer, at the price in the versioned table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from federation.core.number_text import decimal_text
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
from training_images.evals.scoring import safety, score_answers
from training_images.evals.suite import Suite
from training_images.inference_benchmark.served import Caller
from training_images.job import charts
from training_images.job.job import Job
from training_images.job.prices import prices
from training_images.job.result import DataSet, LatencyResult, Record, UnitResult
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit
from training_images.runtime_distilled.runtime import Runtime

KIND: Final = "inference-benchmark"
REPORT: Final = "benchmark.json"
_REQUESTS: Final = 600
_SHARES: Final[Mapping[str, float]] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class HttpRuntime:
    """A runtime behind HTTP, and the processor time of every answer."""

    def __init__(self, *, unit: ShippedUnit, runtime: Runtime, caller: Caller) -> None:
        self.unit = unit
        self.runtime = runtime
        self.core_seconds: list[float] = []
        self._caller = caller

    def ask(self, text: str) -> str:
        """The server's label for a text."""
        answer = self._caller.ask(text)
        self.core_seconds.append(answer.core_seconds)
        return answer.label

    def answer(self, texts: Sequence[str]) -> list[str]:
        """The server's labels; each text is one request."""
        return [self.ask(text) for text in texts]

    def warm_up(self, texts: Sequence[str], number: int) -> None:
        """Send `number` requests that are not measured."""
        for index in range(number):
            self.ask(texts[index % len(texts)])


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineBenchmark:
    """The serving benchmark's artifact digest, and the runtime that it measured."""

    artifact: str
    runtime: HttpRuntime


def measure(job: Job, suite: Suite, candidate: HttpRuntime, baseline: BaselineBenchmark | None, ask: Ask) -> UnitResult:
    """Write the benchmark into the job's folder, and return it with all evidence.

    Args:
        job: The job, for its machine and price.
        suite: The suite.
        candidate: The runtime to measure.
        baseline: The serving benchmark, if there is one.
        ask: Returns the records of another benchmark's runtime.
    """
    latency = _timed(job.spec, suite, candidate, baseline)
    (job.folder / REPORT).write_bytes(_report(job.spec, candidate.unit, latency.records))
    task = suite.parts["task"]
    quality = score_answers(task, candidate.answer(task.texts), safety=False)
    job.log(**{f"{name}_ms": percentile(latency.records, share) for name, share in _SHARES.items()})
    return UnitResult(
        kind=KIND,
        files=[REPORT],
        contract=candidate.unit.contract,
        quality=against(job.spec, KIND, quality, ask),
        safety=safety(candidate.answer, suite),
        latency=latency,
        datasets=[DataSet(name=suite.name, digest=suite.digest)],
        base_model=candidate.unit.name,
        summary=_summary(candidate.unit, latency.records),
        charts={"latency": charts.latency(sides(latency))},
    )


def _timed(spec: JobSpec, suite: Suite, candidate: HttpRuntime, baseline: BaselineBenchmark | None) -> LatencyResult:
    """Send requests to both runtimes in turns; the cost of each is its server's processor time."""
    serving = Baseline(artifact=baseline.artifact, answer=baseline.runtime.ask) if baseline else None
    requests_to_send = questions(spec, suite.parts["task"].items, candidate.runtime.tokens, _REQUESTS)
    timed = requests(spec, candidate.ask, requests_to_send, serving)
    return replace(
        timed,
        records=_priced(spec, timed.records, candidate.core_seconds),
        baseline=_priced(spec, timed.baseline, baseline.runtime.core_seconds) if baseline else (),
    )


def _priced(spec: JobSpec, records: Sequence[Record], core_seconds: Sequence[float]) -> list[Record]:
    price_per_second = a_second(spec)
    return [
        {**record, "scores": {**record["scores"], "cost": rounded(seconds * price_per_second)}}
        for record, seconds in zip(records, core_seconds[-len(records) :], strict=True)
    ]


def _report(spec: JobSpec, unit: ShippedUnit, records: Sequence[Record]) -> bytes:
    """The content of benchmark.json; numbers as decimal text."""
    tokens, cost = (sum(record["scores"][name] for record in records) for name in ("tokens", "cost"))
    seconds = sum(latencies(records)) / 1000
    report: dict[str, Any] = {
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
    return msgspec.json.format(msgspec.json.encode(report, order="sorted"), indent=2) + b"\n"


def _text(value: float) -> str:
    return decimal_text(rounded(value))


def _summary(unit: ShippedUnit, records: Sequence[Record]) -> str:
    percentiles = ", ".join(f"{name} {percentile(records, share):.3g} ms" for name, share in _SHARES.items())
    return f"{unit.name} (`{unit.artifact}`) behind HTTP on one core, asked {len(records):,} times: {percentiles}."
