# SPDX-License-Identifier: Apache-2.0
"""Random histories against the twelve promises: each from its seed, each failure shrunk to a short story."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from federation.errors import FederationError
from federation.simulation.play import play
from federation.simulation.promises import broken
from federation.simulation.story import Action, Story, is_contended, story, told
from federation.simulation.world import Chaos

_ATTEMPTS: Final = 300
"""Shorter stories tried before a broken one is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One history: its seed, what it broke, and the shortest story found that still breaks the first of it."""

    seed: int
    actions: int
    broken: Sequence[str] = ()
    story: Sequence[str] = ()


def run(seed: int, histories: int) -> Iterator[Result]:
    """One result a history; history `i` of seed `s` is the same for ever: seed `s * 1,000,000 + i` of `one`."""
    for number in range(histories):
        yield one(seed * 1_000_000 + number)


def one(seed: int) -> Result:
    """The history of one seed."""
    actions = story(seed)
    found = faults(actions, seed)
    if not found:
        return Result(seed=seed, actions=len(actions))
    short = shrunk(actions, seed, found[0].partition(":")[0])
    return Result(seed=seed, actions=len(actions), broken=found, story=told(short))


def faults(actions: Story, seed: int) -> tuple[str, ...]:
    """What a story breaks, played once in chaos and once calmly."""
    try:
        chaotic = play(actions, Chaos(drawn=random.Random(seed)))  # noqa: S311 - a seeded history, no secret
        calm = None if is_contended(actions) else play(actions, Chaos(drawn=None))
        return broken(chaotic, calm)
    except FederationError as error:
        return (f"0: {type(error).__name__}: {error}",)


def shrunk(actions: Story, seed: int, promise: str) -> Story:
    """A story as short as can be found that still breaks the same promise, by leaving out ever smaller parts."""
    kept = list(actions)
    size = max(1, len(kept) // 2)
    attempts = 0
    while size and attempts < _ATTEMPTS:
        shorter = _without_a_part(kept, size, seed, promise)
        attempts += len(kept) // size + 1
        if shorter is None:
            size //= 2
        else:
            kept = shorter
    return kept


def _without_a_part(kept: list[Action], size: int, seed: int, promise: str) -> list[Action] | None:
    for start in range(0, len(kept), size):
        candidate = kept[:start] + kept[start + size :]
        if any(fault.partition(":")[0] == promise for fault in faults(candidate, seed)):
            return candidate
    return None
