# SPDX-License-Identifier: Apache-2.0
"""How long does one request take, and what does it cost, compared with the serving unit?

Candidate and baseline take turns request by request, and the one that goes first alternates, so a slow moment of the
machine affects both. Latency is wall time. Cost is the cores' time, so a request that waits for its turn is slower but
not dearer.
"""

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from training_images.evals.suite import Item
from training_images.job.prices import prices
from training_images.job.result import LatencyResult, Record
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit, shipped_unit

Answer = Callable[[str], Any]
"""Answers one request."""
REQUESTS: Final = 200
"""Default number of requests: enough for the bound of a p95, which needs 59, and for the bound of a ratio."""
WARM_UP: Final = 10
_AN_HOUR: Final = 3600
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request: the item's id, its text, and its number of tokens."""

    item: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The serving unit: its artifact digest, and the function that answers for it."""

    artifact: str
    answer: Answer


def questions(
    spec: JobSpec, items: Sequence[Item], tokens: Callable[[str], int], usual: int = REQUESTS
) -> list[Question]:
    """The first items, as many as the setting `requests` says.

    Args:
        spec: The job, for its settings.
        items: The items to choose from.
        tokens: Number of tokens of a text.
        usual: Number of requests if the setting is not given.
    """
    number = spec.settings.integer("requests", usual, least=1)
    return [Question(item=item.id, text=item.text, tokens=tokens(item.text)) for item in items[:number]]


def serving(spec: JobSpec, kind: str, answering: Callable[[ShippedUnit], Answer]) -> Baseline | None:
    """The serving unit, if the channel `baseline` was given.

    Args:
        spec: The job, which knows the channel's folder.
        kind: The unit's kind.
        answering: Makes the function that answers for a unit.
    """
    if "baseline" not in spec.channels:
        return None
    unit = shipped_unit(spec.channel("baseline"), kind)
    return Baseline(artifact=unit.artifact, answer=answering(unit))


def requests(
    spec: JobSpec, answer: Answer, asked: Sequence[Question], baseline: Baseline | None = None
) -> LatencyResult:
    """Time every request, interleaved with the baseline's.

    Args:
        spec: The job, for its machine and price.
        answer: The candidate.
        asked: The requests, in order.
        baseline: The serving unit, if there is one.
    """
    answers = [answer, *([baseline.answer] if baseline else [])]
    price = a_second(spec)
    for question in asked[:WARM_UP]:
        for answer_one in answers:
            answer_one(question.text)
    records_by_side: list[list[Record]] = [[] for _ in answers]
    gc.collect()
    gc.disable()
    try:
        for turn, question in enumerate(asked):
            for place in range(len(answers)):
                which = (turn + place) % len(answers)
                records_by_side[which].append(_timed(answers[which], question, price))
    finally:
        gc.enable()
    return LatencyResult(
        records=records_by_side[0],
        baseline=records_by_side[1] if baseline else (),
        against=baseline.artifact if baseline else None,
    )


def a_second(spec: JobSpec) -> float:
    """The cost of the job's machine per second."""
    return float(prices().an_hour(spec.platform, spec.machine)) / _AN_HOUR


def latencies(timed: Sequence[Record]) -> list[float]:
    """The latency of each request in milliseconds."""
    return [float(record["scores"]["latency_ms"]) for record in timed]


def sides(timed: LatencyResult) -> dict[str, list[float]]:
    """The latencies in milliseconds of the unit and of the serving unit, under the names that a chart uses."""
    return {"this unit": latencies(timed.records), "baseline": latencies(timed.baseline)}


def percentile(timed: Sequence[Record], share: float) -> float:
    """The smallest latency, in milliseconds, that at least this share of the requests does not exceed."""
    ordered = sorted(latencies(timed))
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def _timed(answer: Answer, question: Question, price: float) -> Mapping[str, Any]:
    core, wall = time.process_time(), time.perf_counter()  # of all threads, since a library may compute in several
    answer(question.text)
    wall, core = time.perf_counter() - wall, time.process_time() - core
    scores = {
        "latency_ms": rounded(wall * 1000),
        "cost": rounded(core * price),
        "tokens": question.tokens,
    }
    return {"item": question.item, "scores": scores}


def rounded(value: float) -> float:
    """The value rounded to six significant digits: a clock is no more precise."""
    return float(f"{value:.{_DIGITS}g}")
