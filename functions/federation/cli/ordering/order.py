# SPDX-License-Identifier: Apache-2.0
"""How is a person's order given, and was it carried out?

An order is an event like any other. Its dedupe key is its content and the second in which it was given, so a double click
is one order. An order that another one may undo also names the move that it follows: given again after that, it is a new
order. In a cloud it is announced to the functions, and the command waits for their decision. Exit code 11: there was none.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import typer

from federation.cli.clock import now
from federation.cli.home.failed_step import StepFailedError
from federation.cli.home.opened import Home
from federation.cli.ordering.direct import UNANNOUNCED, carried_directly
from federation.cli.ordering.next_steps import next_steps, with_its_move
from federation.cli.ordering.node_check import check_nodes
from federation.cli.screen.decisions import ORDERED, Progress, StepDecision, print_progress
from federation.cli.screen.output import print_line, print_ways, when
from federation.cli.screen.ready_commands import ready_to_paste
from federation.cli.store.history import TYPED
from federation.cli.store.lookup import units_in_order
from federation.cli.store.shelf import Shelf
from federation.core import event as events
from federation.core.channel import Channel
from federation.core.digest import digest
from federation.core.event import Event
from federation.errors import REFUSED, ServiceError
from federation.local.traffic import LocalTraffic
from federation.steps import StepName

REFUSAL_TYPES: Final = events.REFUSALS | {events.JOB_REFUSED, events.JOB_HELD}
"""Types of events which say that an order was not carried out."""
_REVERSIBLE: Final = frozenset(
    {events.HOLD_ORDERED, events.RESUME_ORDERED, events.QUARANTINE_ORDERED, events.LIFT_ORDERED, events.ANCHOR_ORDERED}
)
"""Orders that another order undoes. Given again after that, they are new orders."""
_RETRAIN: Final = (
    "The next merge runs the gates again anyway. If the policy asks for retraining after a roll-back, request it: "
    "federation train KIND --who YOU --why 'WHY'"
)
_WITHOUT_BUS: Final = (
    "Check with `federation status` whether it was carried out. If not, and the bus or the functions of a cloud are down, "
    "give the same command with --direct, which needs neither (docs/operations.md)."
)

Data = Mapping[str, Any]
About = Callable[[Shelf, Channel], Data]
"""Looks up the data that an order needs besides what was typed."""


def no_more_data(_shelf: Shelf, _channel: Channel) -> Data:
    """No data: the order needs nothing besides what was typed."""
    return {}


def give(
    type_: str,
    typed: Data,
    about: About,
    opening: AbstractContextManager[Home],
    *,
    as_json: bool,
    directly: StepName | None = None,
) -> None:
    """Give an order and print its result. The exit code says whether it was refused or is still open.

    Args:
        type_: Which order.
        typed: Who gives it, why, and the command line's other values.
        about: Looks up what else the order needs.
        opening: Opens the home.
        as_json: Whether to print JSON.
        directly: The step that carries it out in this process, instead of the functions.
    """
    with opening as home:
        shelf = Shelf(home.ports, home.readers)
        channel = shelf.own_channel()
        after = channel.counter if type_ in _REVERSIBLE else None
        event = order(type_, {**typed, **about(shelf, channel)}, channel.name, now(), after=after)
        unit_names = units_in_order(shelf, channel, event.data)
        progress, unannounced = _carry(home, event, directly)
        shifts = directly or isinstance(
            home.ports.traffic, LocalTraffic
        )  # else the functions shift, and we may not ask the nodes
        behind = check_nodes(home, event) if shifts else []
        ways = [] if as_json else [*behind, *next_steps(home, event, progress)]
    if progress.repeated:
        print_line(f"federation: the same order was already given at {when(event.time)}; it counts once", to=sys.stderr)
    print_progress(progress, as_json=as_json, unit_names=unit_names)
    print_ways("What can be done", ways)
    if unannounced:
        print_line(
            f"federation: carried out, but the resulting events could not be announced: {unannounced}", to=sys.stderr
        )
        print_line(ready_to_paste(_RETRAIN), to=sys.stderr)
    if any(_is_refused(decision, event) for decision in progress.decisions):
        raise typer.Exit(REFUSED)
    if unannounced:
        raise typer.Exit(UNANNOUNCED)
    if progress.open:
        raise typer.Exit(ORDERED)


def order(type_: str, data: Data, about: str, at: str, *, after: int | None = None) -> Event:
    """The event of an order.

    Args:
        type_: Which order.
        data: Who, why, and what it is about.
        about: The subject if the data names no release, unit, artifact or kind.
        at: When it is given; fractions of a second are ignored.
        after: The channel's counter, for an order that may be undone and given again within the same second.
    """
    second = f"{at[:19]}Z"
    return Event(
        type=type_,
        source=TYPED,
        subject=str(data.get("release") or data.get("unit") or data.get("artifact") or data.get("kind") or about),
        time=second,
        key=f"{digest(data)}|{second}{'' if after is None else f'|{after}'}",
        data=data,
    )


def _carry(home: Home, event: Event, directly: StepName | None) -> tuple[Progress, str]:
    """Carry out the order: what was decided, and why the resulting events were not announced, or ""."""
    if directly:
        return carried_directly(directly, event, home)
    try:
        return home.carry(event), ""
    except StepFailedError as error:
        raise with_its_move(home, event, error) from error
    except ServiceError as error:
        if event.type == events.ROLLBACK_ORDERED:
            error.hint = f"{_WITHOUT_BUS} {error.hint}"
        raise


def _is_refused(decision: StepDecision, event: Event) -> bool:
    return decision.event.id == event.id and not REFUSAL_TYPES.isdisjoint(decision.announced_types)
