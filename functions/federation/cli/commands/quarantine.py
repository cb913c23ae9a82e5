# SPDX-License-Identifier: Apache-2.0
"""`federation quarantine` and `federation lift`: which artifact may no release hold, and which one may again?"""

from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.order import give
from federation.cli.store.lookup import artifact_of, quarantined_of
from federation.core import event as events


def quarantine(
    artifact: Annotated[
        str,
        typer.Argument(metavar="ARTIFACT|UNIT", help="A unit's name, or the first 8 or more digits of an artifact."),
    ],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Quarantine an artifact: no release may contain it, under any version number."""
    give(
        events.QUARANTINE_ORDERED,
        {"who": who, "why": why},
        lambda shelf, _channel: artifact_of(shelf, artifact),
        opened(folder, wait=wait),
        as_json=as_json,
    )


def lift(
    artifact: Annotated[
        str,
        typer.Argument(
            metavar="ARTIFACT|UNIT",
            help="The first 8 or more digits of a quarantined artifact, or the name of its unit.",
        ),
    ],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Lift the quarantine of an artifact."""
    give(
        events.LIFT_ORDERED,
        {"who": who, "why": why},
        lambda shelf, channel: {"artifact": quarantined_of(shelf, channel, artifact)},
        opened(folder, wait=wait),
        as_json=as_json,
    )
