# SPDX-License-Identifier: Apache-2.0
"""Do ten thousand duplicates in random order change anything, and what do they cost?

Clean: the second week's deliveries and its alarm once each, in order. Storm: thousands of copies of the week's
deliveries in random order, the alarm, and thousands more, including the alarm and our own events of that week. A
delivery is one body from a cloud, or one of our events delivered again, and everything that follows until the queue is
empty.
"""

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from bench import fortnight
from bench.goal import Goal, Spread
from federation.core import names
from federation.core.event import Event
from federation.sources import Request
from federation.wiring.local import LocalHome

COPIES = 10_000
_CLEAN_RUNS = 11
_PARTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What happened in the second week and how often, and what serves at the end."""

    releases: int
    promotions: int
    roll_backs: int
    serves: str
    dead: int


CALM = Aftermath(releases=1, promotions=1, roll_backs=1, serves="spiralverse-ai-federated-v1.0.0", dead=0)
"""What the second week amounts to: one release, one promotion, one roll-back to the first week's release."""


def measure() -> Iterator[Goal]:
    """Goals for what ten thousand duplicates change, and for the rate of deliveries."""
    clean = [_clean() for _ in range(_CLEAN_RUNS)]
    aftermath, rates = storm(COPIES)
    calm = Spread.of(clean)
    yield Goal(
        name=f"{COPIES:,} duplicates in disorder, moves beyond one release, one promotion, one roll-back",
        what="second releases, promotions again, wrong release at the end, dead letters",
        sense="at most",
        asked=0,
        unit="",
        measured=Spread.exactly(astray(aftermath)),
        numbers={"after it": str(aftermath)},
    )
    yield Goal(
        name=f"{COPIES:,} duplicates in disorder, deliveries a second against a clean run",
        what="second week of a home, from a cloud's body to an empty queue",
        sense="at least",
        asked=0.5,
        measured=Spread.of([rate / calm.middle for rate in rates]),
        numbers={"clean": f"{calm.middle:,.0f} deliveries/s", "storm": f"{Spread.of(rates).middle:,.0f} deliveries/s"},
    )


def storm(copies: int, *, seed: int = 1) -> tuple[Aftermath, list[float]]:
    """What that many deliveries of the same six events change, and the deliveries per second in each tenth of them.

    Args:
        copies: Number of deliveries, at least 100.
        seed: Seeds the order.
    """
    draw = random.Random(seed)
    week, alarm = fortnight.deliveries(fortnight.SECOND), fortnight.alarm()
    with tempfile.TemporaryDirectory(prefix="federation-bench-") as folder, closing(_second_week(Path(folder))) as home:
        before, announced = _rates(home, draw.choices(week, k=copies // 2), fortnight.SECOND.promote)
        announced += fortnight.deliver_all(home, [alarm], fortnight.AFTER)
        again: list[Request | Event] = [*week, alarm, *{event.id: event for event in announced}.values()]
        after, _ = _rates(home, draw.choices(again, k=copies - copies // 2), fortnight.AFTER)
        return _aftermath(home), [*before, *after]


def astray(aftermath: Aftermath) -> int:
    """How many things differ from a calm week."""
    found = [
        abs(aftermath.releases - CALM.releases),
        abs(aftermath.promotions - CALM.promotions),
        abs(aftermath.roll_backs - CALM.roll_backs),
        int(aftermath.serves != CALM.serves),
        aftermath.dead,
    ]
    return sum(found)


def _clean() -> float:
    """Deliveries per second if each comes once."""
    with tempfile.TemporaryDirectory(prefix="federation-bench-") as folder, closing(_second_week(Path(folder))) as home:
        week = fortnight.deliveries(fortnight.SECOND)
        began = process_time()
        fortnight.deliver_all(home, week, fortnight.SECOND.promote)
        fortnight.deliver_all(home, [fortnight.alarm()], fortnight.AFTER)
        seconds = process_time() - began
        if astray(_aftermath(home)):
            raise AssertionError(f"a clean week should come to {CALM}, not to {_aftermath(home)}")
        return (len(week) + 1) / seconds


def _second_week(folder: Path) -> LocalHome:
    """A home in which the first release serves and the second week's units are ready."""
    home = fortnight.home(folder)
    fortnight.ship(home, fortnight.FIRST)
    fortnight.deliver_all(home, fortnight.deliveries(fortnight.FIRST), fortnight.FIRST.promote)
    fortnight.ship(home, fortnight.SECOND)
    return home


def _rates(home: LocalHome, told: Sequence[Request | Event], now: str) -> tuple[list[float], list[Event]]:
    """Deliveries per second of each part, and the events that were announced."""
    rates, announced = [], []
    size = max(1, len(told) * 2 // _PARTS)
    for start in range(0, len(told), size):
        part = told[start : start + size]
        began = process_time()
        announced += fortnight.deliver_all(home, part, now)
        rates.append(len(part) / (process_time() - began))
    return rates, announced


def _aftermath(home: LocalHome) -> Aftermath:
    channel = fortnight.channel(home)
    kinds = Counter(move["kind"] for move in channel["moves"])
    return Aftermath(
        releases=len(home.ports.store.names(names.RELEASES)) - 1,
        promotions=kinds["promote"] - 1,
        roll_backs=kinds["roll_back"],
        serves=channel["serving"]["name"],
        dead=len(home.bus.dead()),
    )
