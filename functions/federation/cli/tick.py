# SPDX-License-Identifier: Apache-2.0
"""`federation tick`: what would the schedule make happen?"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import typer

from federation.cli.happened import print_happened
from federation.cli.home import carry, now, opened
from federation.cli.options import AsJson, Folder
from federation.core import event as events
from federation.core import instant
from federation.core.event import Event
from federation.errors import REFUSED

REFUSING: Final = frozenset({events.MERGE_SKIPPED, events.PROMOTION_HELD})


class Tick(StrEnum):
    """What a schedule asks for."""

    MERGE = "merge"
    PROMOTE = "promote"
    SWEEP = "sweep"


_TYPES: Final[Mapping[Tick, str]] = {
    Tick.MERGE: events.TICK_MERGE,
    Tick.PROMOTE: events.TICK_PROMOTE,
    Tick.SWEEP: events.TICK_SWEEP,
}


def tick(
    kind: Annotated[Tick, typer.Argument(help="What is due.")],
    at: Annotated[
        str | None, typer.Option("--at", help="When it was due (RFC 3339). Default: now.", metavar="TIME")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Do by hand what a schedule does: merge, promote, or sweep.

    Exit code 10 when the merge is skipped or the promotion held; the reason is printed.
    """
    due = instant.text(instant.moment(at)) if at else now()
    event = Event(
        type=_TYPES[kind], source="//federation/cli", subject="schedule", time=due, key=f"tick|{due}", data={}
    )
    with opened(folder) as home:
        carried = carry(home, event)
    print_happened(carried, as_json=as_json)
    if any(told.type in REFUSING for one in carried for told in one.outcome.events):
        raise typer.Exit(REFUSED)
