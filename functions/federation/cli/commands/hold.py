# SPDX-License-Identifier: Apache-2.0
"""`federation hold` and `federation resume`: may promotions go on?"""

from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.order import give, no_more_data
from federation.core import event as events
from federation.core import instant


def hold(
    *,
    who: Who,
    why: Why,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", help="When the hold ends (RFC 3339). Default: when somebody resumes promotions.", metavar="TIME"
        ),
    ] = None,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Hold promotions until somebody resumes them, or until a given time. Roll-backs are not held."""
    data = {"until": instant.text(instant.moment(until))} if until else {}
    give(
        events.HOLD_ORDERED,
        {"who": who, "why": why, **data},
        no_more_data,
        opened(folder, wait=wait),
        as_json=as_json,
    )


def resume(*, who: Who, why: Why, folder: Folder = None, wait: Wait = WAIT_SECONDS, as_json: AsJson = False) -> None:
    """Resume promotions after a hold."""
    give(events.RESUME_ORDERED, {"who": who, "why": why}, no_more_data, opened(folder, wait=wait), as_json=as_json)
