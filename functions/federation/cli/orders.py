# SPDX-License-Identifier: Apache-2.0
"""Which orders may a person give, and were they carried out?

An order is an event like any other. Its key is its content and the second in which it was given, so a double click is
one order.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from federation.cli.happened import print_happened
from federation.cli.home import carry, now, opened
from federation.cli.options import AsJson, Folder, Who, Why
from federation.cli.orders_about import artifact_of, quarantined_of
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.core.event import Event
from federation.errors import REFUSED
from federation.reads import LiveReads
from federation.wiring.local import Carried

REFUSING: Final = frozenset({events.ORDER_REFUSED, events.PROMOTION_HELD, events.ROLLBACK_SKIPPED})

Data = Mapping[str, Any]
About = Callable[[LiveReads, Channel], Data]
"""Looks up what an order is about in the home that it is given to."""


def promote(
    release: Annotated[str | None, typer.Argument(help="Default: the newest release that may serve.")] = None,
    *,
    who: Who,
    why: Why,
    outside_window: Annotated[bool, typer.Option("--outside-window", help="Do not wait for the window.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Let a release serve, if nothing holds it. Exit code 10 when something does; every reason is printed."""
    data = {"outside_window": outside_window, **({"release": release} if release else {})}
    _give(events.PROMOTION_ORDERED, {"who": who, "why": why}, lambda _reads, _channel: data, folder, as_json)


def approve(
    release: Annotated[str, typer.Argument(help="The release's name.")],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Write down that a person wants a release to serve."""
    _give(
        events.APPROVAL_GIVEN, {"who": who, "why": why}, lambda _reads, _channel: {"release": release}, folder, as_json
    )


def rollback(
    *,
    who: Who,
    why: Why,
    to: Annotated[
        str | None, typer.Option("--to", help="A warm release or the anchor. Default: the newest proven one.")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Leave the release that serves, and quarantine what it brought; no window, gate or hold stands in the way.

    The order names what serves when it is given, so two people who give it at once roll back once.
    """

    def about(_reads: LiveReads, channel: Channel) -> Data:
        left = {"release": channel.serving.name} if channel.serving else {}
        return {**left, **({"to": to} if to else {})}

    _give(events.ROLLBACK_ORDERED, {"who": who, "why": why}, about, folder, as_json)


def quarantine(
    artifact: Annotated[str, typer.Argument(metavar="ARTIFACT|UNIT", help="An artifact digest or a unit's name.")],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Forbid one artifact in every release from now on, under whatever number it returns."""
    _give(
        events.QUARANTINE_ORDERED,
        {"who": who, "why": why},
        lambda reads, _channel: artifact_of(reads, artifact),
        folder,
        as_json,
    )


def lift(
    artifact: Annotated[str, typer.Argument(help="An artifact digest, or its first digits.")],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Allow a quarantined artifact again."""
    _give(
        events.LIFT_ORDERED,
        {"who": who, "why": why},
        lambda _reads, channel: {"artifact": quarantined_of(channel, artifact)},
        folder,
        as_json,
    )


def hold(*, who: Who, why: Why, folder: Folder = None, as_json: AsJson = False) -> None:
    """Stop promotions until somebody resumes them; a roll-back goes ahead all the same."""
    _give(events.HOLD_ORDERED, {"who": who, "why": why}, lambda _reads, _channel: {}, folder, as_json)


def resume(*, who: Who, why: Why, folder: Folder = None, as_json: AsJson = False) -> None:
    """Let promotions go on."""
    _give(events.RESUME_ORDERED, {"who": who, "why": why}, lambda _reads, _channel: {}, folder, as_json)


def _give(type_: str, given: Data, about: About, folder: Path | None, as_json: bool) -> None:
    with opened(folder) as home:
        reads = LiveReads(home.ports)
        channel = reads.channel(reads.policy().channel)
        given_now = order(type_, {**given, **about(reads, channel)}, channel.name, now())
        carried = carry(home, given_now)
    print_happened(carried, as_json=as_json)
    if any(_refused(one, given_now) for one in carried):
        raise typer.Exit(REFUSED)


def order(type_: str, data: Data, channel: str, at: str) -> Event:
    """The event of an order.

    Args:
        type_: Which order.
        data: Who, why, and what it is about.
        channel: What it is about when it names nothing else.
        at: When it is given; what is below a second does not count.
    """
    second = f"{at[:19]}Z"
    return Event(
        type=type_,
        source="//federation/cli",
        subject=str(data.get("release") or data.get("unit") or data.get("artifact") or channel),
        time=second,
        key=f"{digest(data)}|{second}",
        data=data,
    )


def _refused(one: Carried, given: Event) -> bool:
    return one.event.id == given.id and any(told.type in REFUSING for told in one.outcome.events)
