# SPDX-License-Identifier: Apache-2.0
"""`federation promote` and `federation approve`: which release is to serve?"""

from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.order import give
from federation.cli.store.meant import release_of
from federation.core import event as events


def promote(
    release: Annotated[
        str | None, typer.Argument(help="Default: the newest release that may serve.", metavar="RELEASE")
    ] = None,
    *,
    who: Who,
    why: Why,
    outside_window: Annotated[bool, typer.Option("--outside-window", help="Do not wait for the window.")] = False,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Let a release serve, if nothing holds it. Exit code 10 when something does; every reason is printed."""
    give(
        events.PROMOTION_ORDERED,
        {"who": who, "why": why, "outside_window": outside_window},
        lambda shelf, _channel: {"release": release_of(shelf, release)} if release else {},
        opened(folder, wait=wait),
        as_json=as_json,
    )


def approve(
    release: Annotated[str, typer.Argument(help="The release's name.", metavar="RELEASE")],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Write down that a person wants a release to serve."""
    give(
        events.APPROVAL_GIVEN,
        {"who": who, "why": why},
        lambda shelf, _channel: {"release": release_of(shelf, release)},
        opened(folder, wait=wait),
        as_json=as_json,
    )
