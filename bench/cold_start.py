# SPDX-License-Identifier: Apache-2.0
"""How much more does a deployed function's first invocation cost than that of a minimal handler, or of the usual stack?

The minimal handler imports Logger and Batch, or functions-framework, and makes one request with each SDK client that
the invocation needs. The comparison is of CPU time from the start of the process to its first answer; the cases take
turns.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from bench import deployed, first_events, processes
from bench.deployed import Cloud, Starting
from bench.goal import Goal, Spread
from bench.started import Start
from bench.timing import duration

_ROUNDS: Final = 5

Starts = Mapping[str, Sequence[Start]]
"""One start per round, by what was started."""


def measure() -> Iterator[Goal]:
    """Goals for every function of each cloud; on AWS also against the usual stack. Empty except on Linux."""
    if not sys.platform.startswith("linux"):
        return
    with tempfile.TemporaryDirectory(prefix="federation-bench-") as name:
        with deployed.on_aws(Path(name) / "aws") as cloud:
            found = _interleaved(cloud.cases())
            yield from _against_the_least(cloud, found)
            yield from _against_the_usual(cloud, found)
            yield from _by_instructions(cloud)
        with deployed.on_google(Path(name) / "gcp") as cloud:
            yield from _against_the_least(cloud, _interleaved(cloud.cases()))


def _interleaved(cases: Mapping[str, Starting]) -> Starts:
    """Start each case once, so that byte code and files are cached, and then all of them in turns."""
    for start in cases.values():
        start()
    found: dict[str, list[Start]] = {name: [] for name in cases}
    for _ in range(_ROUNDS):
        for name, start in cases.items():
            found[name].append(start())
    return found


def _against_the_least(cloud: Cloud, found: Starts) -> Iterator[Goal]:
    for function in cloud.ours:
        tells = function in first_events.TELLS
        least = "least that tells" if tells else "least"
        yield Goal(
            name=f"cold start on {cloud.name}, {function}, against {'two clients' if tells else 'one client'}",
            what="CPU time to the first answer, against a handler that imports the least",
            sense="at most",
            asked=1.25,
            measured=_ratio(_seconds(found[function]), _seconds(found[least])),
            numbers=_shown(found, function, least, "usual"),
        )


def _against_the_usual(cloud: Cloud, found: Starts) -> Iterator[Goal]:
    """Compares only the most expensive of our functions: if it meets the goal, all do."""
    slowest = max(cloud.ours, key=lambda name: median(_seconds(found[name])))
    largest = max(cloud.ours, key=lambda name: median(_megabytes(found[name])))
    yield Goal(
        name=f"cold start on {cloud.name}, the slowest, against the usual stack",
        what="CPU time to the first answer, against all of Powertools, two clients of boto3, jsonschema, pydantic",
        sense="at most",
        asked=0.45,
        measured=_ratio(_seconds(found[slowest]), _seconds(found["usual"])),
        numbers=_shown(found, slowest, "usual"),
    )
    yield Goal(
        name=f"memory on {cloud.name}, the largest, against the usual stack",
        what="peak of resident memory until the first answer",
        sense="at most",
        asked=0.7,
        measured=_ratio(_megabytes(found[largest]), _megabytes(found["usual"])),
        numbers=_shown(found, largest, "usual"),
    )


def _by_instructions(cloud: Cloud) -> Iterator[Goal]:
    """The same in instructions, which have no noise, and without the platform's runtime; empty without valgrind."""
    told = {name: processes.instructions(["-c", one.code], one.environment) for name, one in cloud.programs.items()}
    counted = {name: count for name, count in told.items() if count is not None}
    for other, asked in (("least", 1.25), ("usual", 0.45)):
        if counted:
            yield Goal(
                name=f"ready on {cloud.name}, instructions, against the {other}{'' if other == 'least' else ' stack'}",
                what="import of the entry file, ports, the store's client made and asked once",
                sense="at most",
                asked=asked,
                measured=Spread.exactly(counted["ours"] / counted[other]),
                numbers={name: f"{count / 1e6:,.0f} M" for name, count in counted.items()},
            )


def _seconds(starts: Sequence[Start]) -> list[float]:
    return [start.seconds for start in starts]


def _megabytes(starts: Sequence[Start]) -> list[float]:
    return [start.megabytes for start in starts]


def _ratio(ours: Sequence[float], other: Sequence[float]) -> Spread:
    return Spread.of([mine / theirs for mine, theirs in zip(ours, other, strict=True)])


def _shown(found: Starts, *names: str) -> dict[str, str]:
    return {
        name: f"{duration(median(_seconds(found[name])))} {median(_megabytes(found[name])):.0f} MB" for name in names
    }
