# SPDX-License-Identifier: Apache-2.0
"""How many calls does each function of a home on AWS make, and what do a million such events cost?

The emulators count the calls in the second week of a home (bench/cloud_walk.py). Each function is warm, and its last
event was one to ten minutes ago, so it lists the policies again. Two kinds of calls are not counted: reads of
artifacts, which depend on what is shipped, and those by which SageMaker shifts traffic.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from bench import cloud_walk, ledger, prices
from bench.cloud_walk import Invocation
from bench.goal import Goal, Spread
from bench.processes import ROOT
from bench.shipped import Units
from federation.core import event as events

ASKED: Final[Mapping[str, int]] = {"receive": 2, "validate": 3, "gate": 4, "fuse": 8, "promote": 5}
"""The most calls that one run may make, without reads of artifacts."""
_A_UNIT_EACH: Final = ("validate", "fuse")
"""Functions whose calls grow with the shipped units; measured with the demo's six, and with three, one per manifest."""
USUAL: Final = 58
"""Calls of the usual pipeline for three units, one from each cloud: boto3, idempotency tables, a function per step."""


def measure() -> Iterator[Goal]:
    """Goals for each function, for a roll-back, for duplicates, and for all steps in one process."""
    run, piped, inline = walked("six"), walked("three"), walked("three", inline=True)
    for function, asked in ASKED.items():
        yield _function(function, asked, run)
        if function in _A_UNIT_EACH:
            yield _function(function, asked, piped, "a unit a manifest")
    yield from _way_back(run, inline)
    yield _duplicate(run)
    yield _chain(inline, piped)


def walked(units: Units, *, inline: bool = False) -> Sequence[Invocation]:
    """Every run of a function in two weeks, with their alarm; played in a process of its own."""
    command = [sys.executable, "-m", "bench.cloud_walk", units, *(["--inline"] if inline else [])]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return msgspec.json.decode(told, type=list[Invocation])


def warm(run: Sequence[Invocation], function: str) -> Sequence[Invocation]:
    """The runs of a function from the second week on; for `fuse` only those on a tick."""
    parts = {cloud_walk.SECOND, cloud_walk.ALARM}
    mine = [one for one in run if one.part in parts and one.function == function]
    return [one for one in mine if function != "fuse" or one.heard == events.TICK_MERGE]


def most(run: Sequence[Invocation]) -> Invocation:
    """The run with the most calls."""
    return max(run, key=lambda one: ledger.counted(one.calls))


def to_the_move(run: Sequence[Invocation]) -> tuple[int, int]:
    """The number of calls from the alarm to the moved channel: of all functions, and of the one that moves it."""
    alarmed = [one for one in run if one.part == cloud_walk.ALARM]
    place = next(place for place, one in enumerate(alarmed) if any(call.method == "move" for call in one.calls))
    moved = ledger.before_the_move(alarmed[place].calls)
    before = sum(ledger.others(one.calls) for one in alarmed[:place])
    return before + ledger.others(moved), ledger.others(moved)


def duplicates(run: Sequence[Invocation]) -> Mapping[str, int]:
    """The most calls of a run on a repeated event, by function."""
    again = [one for one in run if one.part == cloud_walk.AGAIN]
    functions = dict.fromkeys(one.function for one in again)
    return {name: ledger.counted(most([one for one in again if one.function == name]).calls) for name in functions}


def until_promoted(run: Sequence[Invocation]) -> Sequence[Invocation]:
    """The second week's runs, up to and including the one that promotes."""
    week = [one for one in run if one.part == cloud_walk.SECOND]
    last = next(place for place, one in enumerate(week) if any(call.method == "move" for call in one.calls))
    return week[: last + 1]


def _function(function: str, asked: int, run: Sequence[Invocation], shipped: str = "") -> Goal:
    mine = warm(run, function)
    heaviest = most(mine)
    return Goal(
        name=f"{function}, API calls{', ' if shipped else ''}{shipped}",
        what="of the run with the most, evidence and the shift of traffic apart",
        sense="at most",
        asked=asked,
        unit="",
        measured=Spread.exactly(ledger.counted(heaviest.calls)),
        numbers={
            "within a minute of another event": str(ledger.counted(heaviest.calls) - ledger.listing(heaviest.calls)),
            **_by_event(mine),
            **_ports(heaviest),
            "dollars a million": f"{_dollars(heaviest):.2f}",
        },
    )


def _way_back(run: Sequence[Invocation], inline: Sequence[Invocation]) -> Iterator[Goal]:
    _, moved = to_the_move(run)
    rolled = most(warm(run, "roll_back"))
    yield Goal(
        name="roll_back, API calls before the channel has moved",
        what="the conditional write among them; its last event was an hour ago",
        sense="at most",
        asked=2,
        unit="",
        measured=Spread.exactly(moved),
        numbers={
            "in all": str(ledger.others(rolled.calls)),
            **_ports(rolled),
            "dollars a million": f"{_dollars(rolled):.2f}",
        },
    )
    for how, told in (("over the bus", run), ("inline", inline)):
        everything, moved = to_the_move(told)
        yield Goal(
            name=f"alarm received to channel moved {how}, API calls",
            what="from the alarm's arrival: one read and one conditional write are asked",
            sense="at most",
            asked=2,
            unit="",
            measured=Spread.exactly(everything),
            numbers={"of the function that moves it": str(moved)},
        )


def _duplicate(run: Sequence[Invocation]) -> Goal:
    found = duplicates(run)
    return Goal(
        name="a duplicate, API calls",
        what="the same event again in the process that handled it, the function with the most, the shift of traffic apart",
        sense="at most",
        asked=2,
        unit="",
        measured=Spread.exactly(max(found.values())),
        numbers={function: str(count) for function, count in found.items()},
    )


def _chain(inline: Sequence[Invocation], piped: Sequence[Invocation]) -> Goal:
    """The calls for three units, one from each cloud, as counted for the usual pipeline."""
    inline, piped = until_promoted(inline), until_promoted(piped)
    ports = ledger.by_port([call for one in inline for call in one.calls])
    return Goal(
        name="API calls of a promoted release, inline",
        what=f"three units, to all that the promotion brings about, evidence apart; the usual pipeline makes {USUAL}",
        sense="at most",
        asked=14,
        unit="",
        measured=Spread.exactly(_all(inline)),
        numbers={
            **{name: str(count) for name, count in ports.items()},
            "over the bus": str(_all(piped)),
            "dollars a million, inline": f"{sum(map(_dollars, inline)):.0f}",
            "over the bus, dollars": f"{sum(map(_dollars, piped)):.0f}",
        },
    )


def _all(run: Sequence[Invocation]) -> int:
    return sum(ledger.others(one.calls) for one in run)


def _by_event(run: Sequence[Invocation]) -> dict[str, str]:
    """The fewest and the most calls, by the type of the event."""
    found: dict[str, list[int]] = {}
    for one in run:
        found.setdefault(one.heard.removeprefix("federation."), []).append(ledger.counted(one.calls))
    return {heard: f"{min(counts)} to {max(counts)}" for heard, counts in found.items()}


def _ports(one: Invocation) -> dict[str, str]:
    return {f"of {name}": str(count) for name, count in ledger.by_port(one.calls).items()}


def _dollars(one: Invocation) -> float:
    return prices.dollars(one.function, one.heard, one.calls)
