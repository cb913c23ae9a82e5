# SPDX-License-Identifier: Apache-2.0
"""`federation promote` and `federation approve`: which release is to serve?"""

from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.order import give
from federation.cli.store.lookup import release_of
from federation.core import event as events


def promote(
    release: Annotated[
        str | None, typer.Argument(help="A release. Default: the newest one that is ready.", metavar="RELEASE")
    ] = None,
    *,
    who: Who,
    why: Why,
    outside_window: Annotated[
        bool, typer.Option("--outside-window", help="Promote even if the window is closed.")
    ] = False,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Promote a release, unless something holds it. Exit code 10 if it is held; every reason is printed."""
    give(
        events.PROMOTION_ORDERED,
        {"who": who, "why": why, "outside_window": outside_window},
        lambda shelf, _channel: {"release": release_of(shelf, release)} if release else {},
        opened(folder, wait=wait),
        as_json=as_json,
    )


def approve(
    release: Annotated[str, typer.Argument(help="A release.", metavar="RELEASE")],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Record a person's approval of a release."""
    give(
        events.APPROVAL_GIVEN,
        {"who": who, "why": why},
        lambda shelf, _channel: {"release": release_of(shelf, release)},
        opened(folder, wait=wait),
        as_json=as_json,
    )
