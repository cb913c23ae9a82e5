# SPDX-License-Identifier: Apache-2.0
"""`federation rollback`: leave what serves, now."""

from typing import Annotated

import typer

from federation.cli.clock import now
from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.aftermath import unless_just_left
from federation.cli.ordering.order import Data, give
from federation.cli.store.meant import release_of
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core.channel import Channel


def rollback(
    *,
    who: Who,
    why: Why,
    to: Annotated[
        str | None,
        typer.Option("--to", help="A warm release or the anchor. Default: the newest proven one.", metavar="RELEASE"),
    ] = None,
    leave: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="The release to leave. Default: what serves, unless there has only just been a roll-back.",
            metavar="RELEASE",
        ),
    ] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="Carry it out in this process: neither bus nor functions are needed.")
    ] = False,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Leave the release that serves, and quarantine what it brought; no window, gate or hold stands in the way.

    The order names what serves when it is given, so two people who give it at once roll back once; within the policy's
    rollback.settle_seconds of a roll-back, by whomever, it has to say --from or --to (exit code 4). With --direct it needs
    what the function roll_back may do; exit code 12 when it is done and what follows could not be announced.
    """

    def about(shelf: Shelf, channel: Channel) -> Data:
        if leave is None and to is None:
            unless_just_left(channel, shelf.policy().rollback.settle_seconds, now())
        left = _release_named(shelf, channel, leave) if leave else (channel.serving.name if channel.serving else None)
        back = {"to": _release_named(shelf, channel, to)} if to else {}
        return {**({"release": left} if left else {}), **back}

    give(
        events.ROLLBACK_ORDERED,
        {"who": who, "why": why},
        about,
        opened(folder, wait=wait),
        as_json=as_json,
        directly="roll_back" if direct else None,
    )


def _release_named(shelf: Shelf, channel: Channel, name: str) -> str:
    """The name of the release. One of the channel's is not looked up, so its document may be lost."""
    return name if channel.place_of(name) else release_of(shelf, name)
