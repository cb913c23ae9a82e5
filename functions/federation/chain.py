# SPDX-License-Identifier: Apache-2.0
"""How does everything that follows from one event happen in one process, without the bus?

The documents are those that the bus would have led to. A chain that is cut short is begun again by whoever delivered its
first event, and every step that was done only says again what follows. What a later step raises on goes to the bus, which
delivers it again; so does what no step hears, for whoever else listens.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from federation.core.event import Event
from federation.ports import Ports
from federation.runtime import deliver, handle, routes, take_in
from federation.sources import Reading, Request, Trust, read
from federation.steps import StepName, receive

log = logging.getLogger("federation")


def run(step: StepName, event: Event, ports: Ports, clock: Callable[[], str], *, inline: bool) -> None:
    """Run one step as a deployed function does: alone, or with all that follows when its home says so."""
    if inline:
        run_chain(step, event, ports, clock)
    else:
        handle(step, event, ports, clock())


def taken_in(request: Request, trust: Trust, ports: Ports, clock: Callable[[], str], *, inline: bool) -> Reading:
    """Take in what a cloud delivered as the deployed door does: alone, or with all that follows."""
    if inline:
        return deliver_chain(request, trust, ports, clock)
    return deliver(request, trust, ports, clock())


def run_chain(step: StepName, event: Event, ports: Ports, clock: Callable[[], str]) -> None:
    """Run one step, and every step that hears what follows from it.

    Args:
        step: Which step.
        event: Any number of times, in any order.
        ports: The world.
        clock: Tells the moment of each decision, RFC 3339 in UTC.

    Raises:
        FederationError: The first step has to be delivered again.
    """
    chain = _Chain()
    handle(step, event, replace(ports, bus=chain), clock())
    _follow(chain, ports, clock)


def deliver_chain(request: Request, trust: Trust, ports: Ports, clock: Callable[[], str]) -> Reading:
    """Read what a cloud delivered, and run every step that hears what follows from it.

    A young breach of an SLO rolls back first of all: one read of the channel and one conditional write, and only then is
    anything written down.

    Raises:
        FederationError: The sender has to deliver again.
    """
    now = clock()
    chain = _Chain()
    here = replace(ports, bus=chain)
    reading = read(request, trust)
    for one in reading.batch if reading.batch is not None else (reading,):
        if breach := receive.urgent(one, now):
            chain.done.add(breach.id)
            handle("roll_back", breach, here, now)
    told = take_in(request, reading, here, now, settled_ends=False)
    _follow(chain, ports, clock)
    return told


class _Chain:
    """A bus whose events wait in this process; `done` are ids of those that were handled already."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self._waiting: deque[Event] = deque()

    def announce(self, events: Sequence[Event]) -> None:
        """Remember what follows."""
        self._waiting.extend(events)

    def followed(self) -> Iterator[Event]:
        """Each event that was announced, also while the earlier ones were handled."""
        while self._waiting:
            event = self._waiting.popleft()
            if event.id not in self.done:
                yield event


def _follow(chain: _Chain, ports: Ports, clock: Callable[[], str]) -> None:
    here = replace(ports, bus=chain)
    left = [event for event in chain.followed() if not _followed(event, here, clock)]
    if left:
        ports.bus.announce(left)


def _followed(event: Event, ports: Ports, clock: Callable[[], str]) -> bool:
    """Whether every step that hears the event has handled it, and one did."""
    steps = routes().get(event.type, ())
    try:
        for step in steps:
            handle(step, event, ports, clock())
    except Exception as error:  # noqa: BLE001 - one event that nothing can handle must not keep its siblings from the bus
        log.warning("%s %s goes to the bus: %s: %s", event.type, event.subject, type(error).__name__, error)
        return False
    return bool(steps)
