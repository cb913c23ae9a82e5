# SPDX-License-Identifier: Apache-2.0
"""How long does one request take, and what does it cost, next to what serves now?

Candidate and baseline take turns request by request, and who goes first alternates, so that a slow moment of the machine
hits both. A request that waits for its turn is late but costs no more: cost is the core's time, latency the wall's.
"""

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from training_images.evals.suite import Item
from training_images.job.made import Record, Timed
from training_images.job.prices import prices
from training_images.job.shipped import Shipped, shipped_unit
from training_images.job.spec import JobSpec

Answer = Callable[[str], Any]
"""Answers one request."""
REQUESTS: Final = 200
"""Enough for the bound of a p95, which needs 59, and for that of a ratio."""
WARM_UP: Final = 10
_AN_HOUR: Final = 3600
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request: the item that it stands for, what is asked, and how many tokens that is."""

    item: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What serves now: its artifact digest, and how it answers."""

    artifact: str
    answer: Answer


def questions(
    spec: JobSpec, items: Sequence[Item], tokens: Callable[[str], int], usual: int = REQUESTS
) -> list[Question]:
    """The first items, as many as the setting `requests` says.

    Args:
        spec: Its settings.
        items: What may be asked.
        tokens: How many a text is.
        usual: How many are asked if nobody says.
    """
    number = spec.settings.integer("requests", usual, least=1)
    return [Question(item=item.id, text=item.text, tokens=tokens(item.text)) for item in items[:number]]


def serving(spec: JobSpec, kind: str, answering: Callable[[Shipped], Answer]) -> Baseline | None:
    """What serves now, if its folder was given as the channel `baseline`.

    Args:
        spec: Says where it lies.
        kind: The unit's.
        answering: How a unit answers.
    """
    if "baseline" not in spec.channels:
        return None
    unit = shipped_unit(spec.channel("baseline"), kind)
    return Baseline(artifact=unit.artifact, answer=answering(unit))


def requests(spec: JobSpec, answer: Answer, asked: Sequence[Question], baseline: Baseline | None = None) -> Timed:
    """Every request timed, and those of the baseline between them.

    Args:
        spec: Whose machine and price count.
        answer: The candidate.
        asked: The requests, in order.
        baseline: What serves now, if anything does.
    """
    answers = [answer, *([baseline.answer] if baseline else [])]
    price = a_second(spec)
    for question in asked[:WARM_UP]:
        for one in answers:
            one(question.text)
    collected: list[list[Record]] = [[] for _ in answers]
    gc.collect()
    gc.disable()
    try:
        for turn, question in enumerate(asked):
            for place in range(len(answers)):
                which = (turn + place) % len(answers)
                collected[which].append(_timed(answers[which], question, price))
    finally:
        gc.enable()
    return Timed(
        records=collected[0],
        baseline=collected[1] if baseline else (),
        against=baseline.artifact if baseline else None,
    )


def a_second(spec: JobSpec) -> float:
    """What the job's machine costs in a second."""
    return float(prices().an_hour(spec.platform, spec.machine)) / _AN_HOUR


def latencies(timed: Sequence[Record]) -> list[float]:
    """Milliseconds of each request."""
    return [float(record["scores"]["latency_ms"]) for record in timed]


def sides(timed: Timed) -> dict[str, list[float]]:
    """Milliseconds of the unit and of what serves now, as a chart names them."""
    return {"this unit": latencies(timed.records), "baseline": latencies(timed.baseline)}


def percentile(timed: Sequence[Record], share: float) -> float:
    """The smallest latency that at least this share of the requests keeps, in milliseconds."""
    ordered = sorted(latencies(timed))
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def _timed(answer: Answer, question: Question, price: float) -> Mapping[str, Any]:
    core, wall = time.thread_time(), time.perf_counter()
    answer(question.text)
    wall, core = time.perf_counter() - wall, time.thread_time() - core
    scores = {
        "latency_ms": rounded(wall * 1000),
        "cost": rounded(core * price),
        "tokens": question.tokens,
    }
    return {"item": question.item, "scores": scores}


def rounded(value: float) -> float:
    """Six digits that count: what a clock tells, and no more."""
    return float(f"{value:.{_DIGITS}g}")
