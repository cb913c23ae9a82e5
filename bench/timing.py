# SPDX-License-Identifier: Apache-2.0
"""How many times longer does one piece of code take than another, on a machine that is never idle?

Each round runs every case once, in turns, for about equally long, and gives one ratio; the result is the median over
the rounds. CPU time of the process is measured, not wall time, because other jobs share the cores.
"""

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import process_time

from bench.goal import Spread

Seconds = Mapping[str, list[float]]
"""CPU seconds of one call, one number per round, by case."""
_SLICE = 0.01
"""CPU seconds that a case runs in one round."""


def interleaved(cases: Mapping[str, Callable[[], object]], *, rounds: int) -> Seconds:
    """CPU seconds per call of every case, over `rounds` rounds in turns.

    Args:
        cases: The calls; each is made once before the first round, to warm the caches.
        rounds: At least 2.
    """
    repeats = {name: _repeats(call) for name, call in cases.items()}
    gc.collect()
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, call in cases.items():
            found[name].append(seconds(call, repeats[name]))
    return found


def seconds(call: Callable[[], object], repeats: int = 1) -> float:
    """CPU seconds of one call, averaged over `repeats` of them."""
    began = process_time()
    for _ in range(repeats):
        call()
    return (process_time() - began) / repeats


def ratio(found: Seconds, ours: str, other: str) -> Spread:
    """How many times longer `ours` takes, round by round."""
    return Spread.of([mine / theirs for mine, theirs in zip(found[ours], found[other], strict=True)])


def shown(found: Seconds) -> dict[str, str]:
    """Each case's median, as text."""
    return {name: duration(median(values)) for name, values in found.items()}


def duration(value: float) -> str:
    """Seconds in a suitable unit."""
    if value < 1e-3:
        return f"{value * 1e6:.1f} us"
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.1f} s"


def _repeats(call: Callable[[], object]) -> int:
    call()
    return max(1, round(_SLICE / max(seconds(call), 1e-6)))
