# SPDX-License-Identifier: Apache-2.0
"""`federation hold` and `federation resume`: may promotions go on?"""

from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.order import give, nothing_more
from federation.core import event as events
from federation.core import instant


def hold(
    *,
    who: Who,
    why: Why,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", help="When it ends by itself (RFC 3339). Default: when somebody resumes them.", metavar="TIME"
        ),
    ] = None,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Stop promotions until somebody resumes them, or until a moment. A roll-back goes ahead all the same."""
    data = {"until": instant.text(instant.moment(until))} if until else {}
    give(
        events.HOLD_ORDERED,
        {"who": who, "why": why, **data},
        nothing_more,
        opened(folder, wait=wait),
        as_json=as_json,
    )


def resume(*, who: Who, why: Why, folder: Folder = None, wait: Wait = WAIT_SECONDS, as_json: AsJson = False) -> None:
    """Let promotions go on."""
    give(events.RESUME_ORDERED, {"who": who, "why": why}, nothing_more, opened(folder, wait=wait), as_json=as_json)
