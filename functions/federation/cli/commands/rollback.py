# SPDX-License-Identifier: Apache-2.0
"""`federation rollback`: leave what serves, now."""

from typing import Annotated

import typer

from federation.cli.clock import now
from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.order import Data, give
from federation.cli.ordering.second_rollback import refuse_second_rollback
from federation.cli.store.lookup import release_of
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core.channel import Channel


def rollback(
    *,
    who: Who,
    why: Why,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="A warm release or the anchor. Default: the newest that is proven ready.", metavar="RELEASE"
        ),
    ] = None,
    leave: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="The release to leave. Default: the serving one. Required soon after another roll-back.",
            metavar="RELEASE",
        ),
    ] = None,
    direct: Annotated[
        bool, typer.Option("--direct", help="Carry it out in this process, without the bus and the functions.")
    ] = False,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Roll back to an earlier release, and quarantine the new units. No window, gate or hold prevents it.

    The order names the release that serves now, so two people who order at once roll back only once. Within the policy's
    rollback.settle_seconds after any roll-back, --from or --to is required (exit code 4). --direct needs the permissions of
    the function roll_back; exit code 12 if it was carried out but the resulting events could not be announced.
    """

    def about(shelf: Shelf, channel: Channel) -> Data:
        if leave is None and to is None:
            refuse_second_rollback(channel, shelf.policy().rollback.settle_seconds, now())
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
