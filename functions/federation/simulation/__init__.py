# SPDX-License-Identifier: Apache-2.0
"""Does any random history break one of the twelve promises? Each history is drawn from a seed; a failure is shrunk."""

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from federation.errors import FederationError
from federation.simulation.actions import Action, Story, told
from federation.simulation.chaos import SKEWS, Chaos
from federation.simulation.contention import is_contended
from federation.simulation.play import play
from federation.simulation.played import WAYS
from federation.simulation.promises import broken
from federation.simulation.story import story

__all__ = ["Result", "faults", "one", "run", "shrunk", "story", "told"]

_CHUNK: Final = 2
"""Histories that a process takes at a time."""
_ATTEMPTS: Final = 300
"""How many shorter stories are tried before the shortest one so far is reported."""
_FULL: Final = 0.25
"""Share of spot jobs that find no machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One history: its seed, which promises it broke, and the shortest story found that still breaks the first one."""

    seed: int
    actions: int
    broken: Sequence[str] = ()
    story: Sequence[str] = ()


def run(seed: int, histories: int, jobs: int = 1) -> Iterator[Result]:
    """One result per history. History `i` of seed `s` is always the same: `one(s * 1_000_000 + i)`.

    Args:
        seed: Chooses the million histories from which the first ones are taken.
        histories: How many are played.
        jobs: How many processes share the work.
    """
    seeds = range(seed * 1_000_000, seed * 1_000_000 + histories)
    if jobs == 1:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(one, seeds, chunksize=_CHUNK)


def one(seed: int) -> Result:
    """Play the history of one seed; if it breaks a promise, the result contains a short story that breaks it too."""
    actions = story(seed)
    found = faults(actions, seed)
    if not found:
        return Result(seed=seed, actions=len(actions))
    promise = found[0].partition(":")[0]
    short = shrunk(actions, lambda shorter: any(fault.partition(":")[0] == promise for fault in faults(shorter, seed)))
    return Result(seed=seed, actions=len(actions), broken=found, story=told(short))


def faults(actions: Story, seed: int) -> tuple[str, ...]:
    """Every promise that a story breaks, as `number: what happened`.

    The story is played in chaos. If it has only one good end, it is also played in a calm world, and the two ends are
    compared. The seed decides how events come in, and how wrong clocks are; in the calm world events come over the bus.
    """
    try:
        with _quiet():
            skew = SKEWS[seed // len(WAYS) % len(SKEWS)]
            chaos = Chaos(drawn=random.Random(seed), skew_seconds=skew, full=_FULL)  # noqa: S311 - a seeded history, no secret
            chaotic = play(actions, chaos, WAYS[seed % len(WAYS)])
            calm = None if is_contended(actions) else play(actions, Chaos(drawn=None, full=_FULL))
        return broken(chaotic, calm)
    except FederationError as error:
        return (f"0: {type(error).__name__}: {error}",)


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress our log lines: in a history, things are meant to go wrong."""
    log = logging.getLogger("federation")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def shrunk(actions: Story, breaks: Callable[[Story], bool]) -> Story:
    """The shortest story found for which `breaks` is true: ever smaller parts are left out, down to single actions."""
    kept = list(actions)
    size = max(1, len(kept) // 2)
    attempts = 0
    while size and attempts < _ATTEMPTS:
        shorter = _without_a_part(kept, size, breaks)
        attempts += len(kept) // size + 1
        if shorter is None:
            size //= 2
        else:
            kept = shorter
    return kept


def _without_a_part(kept: list[Action], size: int, breaks: Callable[[Story], bool]) -> list[Action] | None:
    for start in range(0, len(kept), size):
        candidate = kept[:start] + kept[start + size :]
        if breaks(candidate):
            return candidate
    return None
