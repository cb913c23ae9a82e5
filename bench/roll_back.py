# SPDX-License-Identifier: Apache-2.0
"""How often does a roll-back read and write?

Calls are counted at the ports, from the event to the shifted traffic: the fewer there are, the less can delay it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench import fortnight
from bench.counting import Calls, counted
from bench.goal import Goal, Spread
from federation.core import event as events
from federation.core.event import Event
from federation.runtime import handle


def measure() -> Iterator[Goal]:
    """Reads and writes."""
    calls = calls_of_a_roll_back()
    numbers = {method: str(count) for method, count in sorted(calls.made.items())}
    for what, count in (("reads", calls.reads), ("writes", calls.writes)):
        yield Goal(
            name=f"deciding a roll-back, {what}",
            what="calls of store and traffic, the decision's own document and the shift among them",
            sense="at most",
            asked=3,
            unit="",
            measured=Spread.exactly(count),
            numbers=numbers,
        )


def calls_of_a_roll_back() -> Calls:
    """The calls of one roll-back after two weeks in a local home."""
    calls = Calls()
    with (
        tempfile.TemporaryDirectory(prefix="federation-bench-") as folder,
        closing(fortnight.home(Path(folder))) as home,
    ):
        for week in (fortnight.FIRST, fortnight.SECOND):
            fortnight.ship(home, week)
            fortnight.deliver_all(home, fortnight.deliveries(week), week.promote)
        handle("roll_back", _breach(), counted(home.ports, calls), fortnight.AFTER)
        if fortnight.channel(home)["moves"][-1]["kind"] != "roll_back":
            raise AssertionError("the alarm moved nothing, so its calls count nothing")
    return calls


def _breach() -> Event:
    at = fortnight.ALARMED
    return Event(
        type=events.SLO_BREACHED, source="//bench", subject="alarm", time=at, key=f"alarm|{at}", data={"at": at}
    )
