# SPDX-License-Identifier: Apache-2.0
"""Plays random histories, and checks that none breaks one of the twelve promises. Failures are shrunk."""

import logging
import random
import signal
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
"""The number of histories that a process takes at a time."""
_ATTEMPTS: Final = 300
"""The most shorter stories that are tried before the shortest one is reported."""
_FULL: Final = 0.25
"""The share of spot jobs that find no machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One history: its seed, the promises it broke, and the shortest story found that breaks the first of them."""

    seed: int
    actions: int
    broken: Sequence[str] = ()
    story: Sequence[str] = ()


def run(seed: int, histories: int, jobs: int = 1) -> Iterator[Result]:
    """One result per history. History `i` of seed `s` is always `one(s * 1_000_000 + i)`.

    Args:
        seed: Chooses a million histories; the first ones of them are played.
        histories: The number of histories.
        jobs: The number of processes.
    """
    seeds = range(seed * 1_000_000, seed * 1_000_000 + histories)
    if jobs == 1:
        yield from map(one, seeds)
        return
    pool = ProcessPoolExecutor(jobs)
    try:
        with _deaf_children():
            results = pool.map(one, seeds, chunksize=_CHUNK)
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started meanwhile ignore ^C, which would kill one while it holds a lock that the others wait for."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def one(seed: int) -> Result:
    """Play the history of one seed. If it breaks a promise, the result contains a short story that breaks it, too."""
    actions = story(seed)
    breaches = faults(actions, seed)
    if not breaches:
        return Result(seed=seed, actions=len(actions))
    promise = breaches[0].partition(":")[0]
    short = shrunk(actions, lambda shorter: any(fault.partition(":")[0] == promise for fault in faults(shorter, seed)))
    return Result(seed=seed, actions=len(actions), broken=breaches, story=told(short))


def faults(actions: Story, seed: int) -> tuple[str, ...]:
    """Every promise that a story breaks, as `number: what happened`.

    The story is played in chaos. If it has only one good end, it is also played in a calm world, and both ends are
    compared. The seed decides how events arrive and how wrong clocks are. In the calm world events come over the bus.
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
    """Suppress our log lines, because things are meant to go wrong in a history."""
    log = logging.getLogger("federation")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def shrunk(actions: Story, breaks: Callable[[Story], bool]) -> Story:
    """The shortest story found for which `breaks` is true. Removes ever smaller parts, down to single actions."""
    shortest = list(actions)
    size = max(1, len(shortest) // 2)
    attempts = 0
    while size and attempts < _ATTEMPTS:
        shorter = _without_a_part(shortest, size, breaks)
        attempts += len(shortest) // size + 1
        if shorter is None:
            size //= 2
        else:
            shortest = shorter
    return shortest


def _without_a_part(actions: list[Action], size: int, breaks: Callable[[Story], bool]) -> list[Action] | None:
    for start in range(0, len(actions), size):
        candidate = actions[:start] + actions[start + size :]
        if breaks(candidate):
            return candidate
    return None
