# SPDX-License-Identifier: Apache-2.0
"""`federation train`: have a unit of a kind made, as the policy's jobs say."""

from typing import Annotated

import typer

from federation.cli.home import WAIT_SECONDS, opened
from federation.cli.options import AsJson, Folder, Wait, Who, Why
from federation.cli.orders import give
from federation.core import event as events


def train(
    kind: Annotated[str, typer.Argument(help="Of the unit that is wanted; the policy's `jobs` say how it is made.")],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Ask for a training job. Exit code 10 when it is refused or must wait for its hours; `federation explain` its name."""
    give(
        events.JOB_REQUESTED,
        {"who": who, "why": why, "kind": kind},
        lambda _reads, _channel: {},
        opened(folder, wait=wait),
        as_json,
    )
