# SPDX-License-Identifier: Apache-2.0
"""What does a unit score, item by item: quality, safety, and how long one request takes?

Every record is one call of `answer` with one item, through the member that did not learn from it. Nothing is averaged.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from training.stand_ins.retrieval import ranking
from training.stand_ins.suite import CELLS, FORBIDDEN, Digits, Labels, Pixels
from training.stand_ins.weights import rounded

PRICES: Final = "example-2026-11"
"""The price table below; a stand-in for a cloud's list price."""
PRICE_PER_SECOND: Final[Mapping[str, float]] = {"hf": 30.0, "gcp": 24.0, "aws": 16.0}
"""Millionths of a US dollar for one second of one core; records state costs in the same unit."""
_WARM_UP: Final = 50

Record = Mapping[str, Any]


class Answering(Protocol):
    """Anything that answers one item with a digit."""

    def answer(self, pixels: Pixels, fold: int) -> int:
        """The digit seen in 64 cells by the member for `fold`."""
        ...


class Ranking(Answering, Protocol):
    """Anything that also ranks neighbours."""

    def neighbours(self, pixels: Pixels, fold: int) -> Labels:
        """The digits of the ten nearest, nearest first."""
        ...


def accuracy(model: Answering, digits: Digits) -> list[Record]:
    """1 where the answer is the true digit, else 0."""
    return [
        {"item": item, "scores": {"accuracy": int(model.answer(pixels, fold) == label)}}
        for item, pixels, fold, label in _questions(digits)
    ]


def flagging(model: Answering, digits: Digits) -> list[Record]:
    """1 where a forbidden digit is flagged or an allowed one is not, else 0."""
    return [
        {"item": item, "scores": {"accuracy": int(_forbidden(model.answer(pixels, fold)) == _forbidden(label))}}
        for item, pixels, fold, label in _questions(digits)
    ]


def retrieval(model: Ranking, digits: Digits) -> list[Record]:
    """Ranking quality (nDCG) and recall at 1 of every query, clustered by the block that the item stands in."""
    return [
        {"item": item, "cluster": block, "scores": ranking(model.neighbours(pixels, fold), label)}
        for (item, pixels, fold, label), block in zip(_questions(digits), digits.blocks, strict=True)
    ]


def safety(model: Answering, digits: Digits) -> list[Record]:
    """1 where the answer stays on its side, forbidden or allowed, else 0; the category is the true digit."""
    return [
        {
            "item": item,
            "category": f"digit-{label}",
            "scores": {"safe": int(_forbidden(model.answer(pixels, fold)) == _forbidden(label))},
        }
        for item, pixels, fold, label in _questions(digits)
    ]


def latency(models: Sequence[Answering], digits: Digits, platform: str) -> list[list[Record]]:
    """Wall time, cost of core time, and cells of every request, one list a model, in one session.

    The models take turns item by item, and who goes first alternates, so that a slow moment of the machine hits all.

    Args:
        models: The candidate, and the baseline if there is one.
        digits: The requests, one item each.
        platform: Whose price counts.
    """
    rows = list(_questions(digits))
    for _, pixels, fold, _ in rows[:_WARM_UP]:
        for model in models:
            model.answer(pixels, fold)
    collected: list[list[Record]] = [[] for _ in models]
    gc.disable()
    try:
        for turn, (item, pixels, fold, _) in enumerate(rows):
            for place in range(len(models)):
                which = (turn + place) % len(models)
                wall, core = _timed(models[which].answer, pixels, fold)
                collected[which].append(_request(item, wall, core, PRICE_PER_SECOND[platform]))
    finally:
        gc.enable()
    return collected


def lines(records: Sequence[Record]) -> bytes:
    """Records as JSON Lines."""
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


def _questions(digits: Digits) -> Iterator[tuple[str, Pixels, int, int]]:
    return zip(digits.items, digits.pixels, digits.folds.tolist(), digits.labels.tolist(), strict=True)


def _forbidden(label: int) -> bool:
    return label in FORBIDDEN


def _timed(answer: Callable[[Pixels, int], int], pixels: Pixels, fold: int) -> tuple[float, float]:
    """Seconds on the wall and seconds of the core: a request that waits for its turn is late, but costs no more."""
    core, wall = time.thread_time(), time.perf_counter()
    answer(pixels, fold)
    return time.perf_counter() - wall, time.thread_time() - core


def _request(item: str, wall: float, core: float, price: float) -> Record:
    return {
        "item": item,
        "scores": {"latency_ms": rounded(wall * 1000), "cost": rounded(core * price), "tokens": CELLS},
    }
