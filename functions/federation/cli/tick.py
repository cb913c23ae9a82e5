# SPDX-License-Identifier: Apache-2.0
"""`federation tick`: what would the schedule make happen?"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

import typer

from federation.cli.happened import ORDERED, print_happened
from federation.cli.home import WAIT_SECONDS, Home, now, opened
from federation.cli.options import AsJson, Folder, Wait
from federation.core import cadence, instant, names
from federation.core import event as events
from federation.core.digest import canonical
from federation.core.event import Event
from federation.errors import REFUSED
from federation.reads import LiveReads

REFUSING: Final = frozenset({events.MERGE_SKIPPED, events.PROMOTION_HELD})


class Tick(StrEnum):
    """What a schedule asks for."""

    MERGE = "merge"
    PROMOTE = "promote"
    SWEEP = "sweep"
    DUE = "due"


_TYPES: Final[Mapping[Tick, str]] = {
    Tick.MERGE: events.TICK_MERGE,
    Tick.PROMOTE: events.TICK_PROMOTE,
    Tick.SWEEP: events.TICK_SWEEP,
}


def tick(
    kind: Annotated[Tick, typer.Argument(help="What is due; `due` asks the policy's timetable.")],
    at: Annotated[
        str | None, typer.Option("--at", help="When it was due (RFC 3339). Default: now.", metavar="TIME")
    ] = None,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Do by hand what a schedule does: merge, promote, sweep, or whatever is due by the policy's timetable.

    Exit code 10 when the merge is skipped or the promotion held; the reason is printed.
    """
    with opened(folder, wait=wait) as home:
        moment = instant.text(instant.moment(at)) if at else now()
        followed = home.carry(*(_due(home, moment) if kind is Tick.DUE else [_tick(_TYPES[kind], moment)]))
        if kind is Tick.DUE:
            home.ports.store.keep(f"{names.TICKS}{moment}", canonical({}))
    print_happened(followed, as_json=as_json)
    if any(not REFUSING.isdisjoint(one.told_types) for one in followed.happened):
        raise typer.Exit(REFUSED)
    if followed.open:
        raise typer.Exit(ORDERED)


def _tick(type_: str, due: str) -> Event:
    return Event(type=type_, source="//federation/cli", subject="schedule", time=due, key=f"tick|{due}", data={})


def _due(home: Home, until: str) -> list[Event]:
    """Every tick that fell due since this was asked last; the first time, since a day ago."""
    store = home.ports.store
    asked = store.names(names.TICKS)
    end = instant.moment(until)
    since = instant.moment(asked[-1].removeprefix(names.TICKS)) if asked else end - timedelta(days=1)
    timetable = LiveReads(home.ports).policy().cadence
    return [_tick(_TYPES[Tick(what)], instant.text(fired)) for what, fired in cadence.due(timetable, since, end)]
