# SPDX-License-Identifier: Apache-2.0
"""How are an event and everything that follows from it handled in one process, without the bus?

The documents are the same as with delivery through the bus. If a chain is cut short, redelivery of the first event
resumes it: steps that were done already only repeat their events. A follow-up that fails goes to the bus, which retries
it. An event that no step handles also goes to the bus, for other listeners.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from federation.core.event import Event
from federation.delivery import deliver, take_in
from federation.ports import Ports
from federation.runtime import handle, routes
from federation.sources import Reading, Request, Trust, read
from federation.sources.timely import timely
from federation.steps import StepName, receive

log = logging.getLogger("federation")


def run(step: StepName, event: Event, ports: Ports, clock: Callable[[], str], *, inline: bool) -> None:
    """Run one step; if `inline`, run its follow-ups in this process too."""
    if inline:
        run_chain(step, event, ports, clock)
    else:
        handle(step, event, ports, clock())


def deliver_as_deployed(
    request: Request, trust: Trust, ports: Ports, clock: Callable[[], str], *, inline: bool
) -> Reading:
    """Deliver a request; if `inline`, run its follow-ups in this process too."""
    if inline:
        return deliver_chain(request, trust, ports, clock)
    return deliver(request, trust, ports, clock())


def run_chain(step: StepName, event: Event, ports: Ports, clock: Callable[[], str]) -> None:
    """Run one step, then every step that handles its events, and so on.

    Args:
        step: The first step.
        event: Its event, which may come any number of times, in any order.
        ports: The home's ports.
        clock: Returns the moment of each decision, RFC 3339 in UTC.

    Raises:
        FederationError: The first step failed, and its event has to be delivered again.
    """
    chain = _Chain()
    handle(step, event, replace(ports, bus=chain), clock())
    _follow(chain, ports, clock)


def deliver_chain(request: Request, trust: Trust, ports: Ports, clock: Callable[[], str]) -> Reading:
    """Deliver a request, then run every step that handles its events, and so on.

    Recent SLO breaches are rolled back first: one read of the channel and one compare-and-set come before any document is
    stored. One that fails hides none that is delivered with it.

    Raises:
        FederationError: The sender has to deliver the request again.
    """
    now = clock()
    chain = _Chain()
    here = replace(ports, bus=chain)
    reading = timely(read(request, trust), now)
    delivered = reading.batch if reading.batch is not None else (reading,)
    breaches = [breach for one in delivered if (breach := receive.urgent(one, now))]
    chain.done.update(breach.id for breach in breaches)
    if failed := [error for breach in breaches if (error := _failed(breach, here, now))]:
        raise failed[0]
    told = take_in(request, reading, here, now, settled_ends=False)
    _follow(chain, ports, clock)
    return told


def _failed(breach: Event, ports: Ports, now: str) -> Exception | None:
    """Roll back for a breach; the error if that failed."""
    try:
        handle("roll_back", breach, ports, now)
    except Exception as error:  # noqa: BLE001 - it is raised once the breaches that came with it were tried
        log.warning("%s %s failed: %s: %s", breach.type, breach.subject, type(error).__name__, error)
        return error
    return None


class _Chain:
    """A bus that queues events in this process; `done` contains the ids of events that were handled already."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self._waiting: deque[Event] = deque()

    def announce(self, events: Sequence[Event]) -> None:
        """Queue the events."""
        self._waiting.extend(events)

    def followed(self) -> Iterator[Event]:
        """Each queued event, including those queued while earlier ones are handled."""
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
    """Run the steps that handle the event; whether there are any, and none of them failed."""
    steps = routes().get(event.type, ())
    try:
        for step in steps:
            handle(step, event, ports, clock())
    except Exception as error:  # noqa: BLE001 - one event that nothing can handle must not keep its siblings from the bus
        log.warning("%s %s goes to the bus: %s: %s", event.type, event.subject, type(error).__name__, error)
        return False
    return bool(steps)
