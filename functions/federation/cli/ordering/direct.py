# SPDX-License-Identifier: Apache-2.0
"""How is an order carried out when the bus is down? This process runs the step itself, on the home's ports.

The order is the same event as over the bus: the channel's compare-and-set protects it, and a later delivery is a repetition.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from federation.cli.clock import now
from federation.cli.home.opened import Home
from federation.cli.screen.decisions import Progress, of_outcome
from federation.core.channel import Channel
from federation.core.event import Event
from federation.core.outcome import Outcome
from federation.errors import FederationError, ServiceError
from federation.ports import Bus, Ports
from federation.reads import LiveReads
from federation.runtime import handle
from federation.steps import StepName

UNANNOUNCED: Final = 12
"""Exit code of a command that carried its order out but could not announce the resulting events."""

_ATTEMPTS: Final = 3
"""Attempts at the step before its failure is reported; over the bus it would be redelivered."""


class _Announcer:
    """A bus whose failure is recorded instead of raised."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.failure = ""

    def announce(self, events: Sequence[Event]) -> None:
        """Hand each event to every step that hears its type, if the bus is up."""
        try:
            self._bus.announce(events)
        except FederationError as error:
            self.failure = str(error)


def carried_directly(step: StepName, order: Event, home: Home) -> tuple[Progress, str]:
    """Run the step in this process: what it decided, and why the resulting events were not announced, or "".

    Raises:
        FederationError: The order was not carried out, or only in part; the message says which.
    """
    bus = _Announcer(home.ports.bus)
    outcome = _handle_with_retries(step, order, replace(home.ports, bus=bus))
    own = [of_outcome(step, order, outcome)] if outcome else []
    later = () if bus.failure else home.carry().decisions
    return Progress(decisions=[*own, *later], repeated=outcome.repeat), bus.failure


def _handle_with_retries(step: StepName, order: Event, ports: Ports) -> Outcome:
    for _ in range(_ATTEMPTS - 1):
        with suppress(FederationError):
            return handle(step, order, ports, now())
    try:
        return handle(step, order, ports, now())
    except FederationError as error:
        if advice := _half_done(order, _channel(ports), error):
            raise advice from error
        raise


def _channel(ports: Ports) -> Channel:
    reads = LiveReads(ports)
    return reads.channel(reads.policy().channel)


def _half_done(order: Event, channel: Channel, error: FederationError) -> ServiceError | None:
    """What to do if the step failed after it moved the channel; None if it did not move it.

    Typing the same command again would give another order.
    """
    move = channel.moved_by(order.id)
    if move is None:
        return None
    return ServiceError(
        f"{move.release} should serve as of move {move.counter}, but then this failed: {error}. Do not give the order "
        "again: it would go back further. The next sweep makes the nodes serve it; `federation tick sweep` runs one now",
        hint="",
    )
