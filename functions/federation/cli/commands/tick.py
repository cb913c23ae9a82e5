# SPDX-License-Identifier: Apache-2.0
"""`federation tick`: do by hand what a schedule does."""

from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

import typer

from federation.cli.clock import now
from federation.cli.home.opened import Home, opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait
from federation.cli.pages.trial import print_trials
from federation.cli.screen.decisions import ORDERED, print_progress
from federation.cli.screen.output import print_hint
from federation.cli.store.history import TYPED, History
from federation.cli.store.shelf import Shelf
from federation.cli.store.trial import trials
from federation.core import cadence, instant, names
from federation.core import event as events
from federation.core.digest import canonical
from federation.core.event import Event
from federation.errors import REFUSED, FederationError
from federation.local.trainer import LocalTrainer
from federation.reads import LiveReads
from federation.steps.merging.selection import NOTHING_NEW
from federation.steps.receive import TICKS

_UNASKED: Final = (
    "Not checked, because this home is in a folder: finished cloud jobs, and pushes to the Hub. Deliver missing events by "
    "hand: federation receive"
)
_REFUSAL_TYPES: Final = frozenset({events.MERGE_SKIPPED, events.PROMOTION_HELD})


class Tick(StrEnum):
    """What a schedule asks for."""

    MERGE = "merge"
    PROMOTE = "promote"
    SWEEP = "sweep"
    ALARMS = "alarms"
    DUE = "due"


def tick(
    kind: Annotated[
        Tick,
        typer.Argument(
            help="merge, promote, sweep, alarms, or due (every task due by the policy's timetable).",
            metavar="KIND",
            show_choices=False,
        ),
    ],
    at: Annotated[
        str | None, typer.Option("--at", help="The time at which it was due (RFC 3339). Default: now.", metavar="TIME")
    ] = None,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Run a scheduled task now: merge, promote, sweep, check the alarms, or everything that is due.

    Exit code 10 if something stops a merge or holds a promotion; the reason is printed. A merge without new units that
    passed, like a promotion without a new release, ends with 0.
    """
    with opened(folder, wait=wait) as home:
        moment = instant.text(instant.moment(at)) if at else now()
        progress = home.carry(*(_due(home, moment) if kind is Tick.DUE else _ticks(kind, moment)))
        if kind is Tick.DUE:
            home.ports.store.keep(f"{names.TICKS}{moment}", canonical({}))
        print_progress(progress, as_json=as_json)
        if kind is Tick.SWEEP and isinstance(home.ports.trainer, LocalTrainer) and not as_json:
            print_hint(_UNASKED)
        if kind is Tick.ALARMS and not (progress.decisions or progress.open or as_json):
            with suppress(FederationError):  # the tick is done, and `federation status` names what is damaged
                _print_on_trial(home)
    announced = [event for decision in progress.decisions for event in decision.announced]
    if any(map(_is_refusal, announced)) and all(event.type != events.RELEASE_ASSEMBLED for event in announced):
        raise typer.Exit(REFUSED)
    if progress.open:
        raise typer.Exit(ORDERED)


def _is_refusal(event: Event) -> bool:
    """Whether the event says that something stops a merge or holds a promotion. A quiet day stops nothing."""
    return event.type in _REFUSAL_TYPES and event.data["why"] != NOTHING_NEW


def _print_on_trial(home: Home) -> None:
    """Print the alarms on trial that still fire: each was announced once, so the tick decided nothing about it."""
    shelf = Shelf(home.ports, home.readers)
    policy = shelf.policy()
    recent = trials(shelf, History(shelf), shelf.channel(policy.channel), policy, now())
    print_trials([trial for trial in recent if trial.goes_on], policy.version)


def _ticks(what: str, due: str) -> list[Event]:
    return [
        Event(type=type_, source=TYPED, subject="schedule", time=due, key=f"tick|{due}", data={})
        for type_ in TICKS[what]
    ]


def _due(home: Home, until: str) -> list[Event]:
    """Every tick that fell due since the last `tick due`, or within the last day the first time. `alarms` is always due.

    A `tick due` with a later date, from a clock that was ahead, does not count: else nothing would fall due until then.
    """
    store = home.ports.store
    end = instant.moment(until)
    asked_at = (instant.moment(name.removeprefix(names.TICKS)) for name in store.names(names.TICKS))
    since = max((moment for moment in asked_at if moment <= end), default=end - timedelta(days=1))
    timetable = LiveReads(home.ports).policy().cadence
    due = [*cadence.due(timetable, since, end), ("alarms", end)]
    return [tick for what, fired in due for tick in _ticks(what, instant.text(fired))]
