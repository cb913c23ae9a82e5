# SPDX-License-Identifier: Apache-2.0
"""Handles an event and all its follow-ups in one process, without the bus.

The documents are the same as with the bus. If a chain is interrupted, redelivery of the first event resumes it: finished
steps only repeat their events. A follow-up that fails goes to the bus, which retries it. An event that no step handles
also goes to the bus, for other listeners.
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
from federation.sources.timely import without_future_times
from federation.steps import StepName, receive
from federation.steps.receive import Delivery

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
        event: Its event, which may arrive any number of times, in any order.
        ports: The home's ports.
        clock: Returns the moment of each decision, RFC 3339 in UTC.

    Raises:
        FederationError: The first step failed, and its event has to be delivered again.
    """
    queue = _QueueBus()
    handle(step, event, replace(ports, bus=queue), clock())
    _run_follow_ups(queue, ports, clock)


def deliver_chain(request: Request, trust: Trust, ports: Ports, clock: Callable[[], str]) -> Reading:
    """Deliver a request, then run every step that handles its events, and so on.

    Recent SLO breaches are rolled back first, with one read of the channel and one compare-and-set, before any document
    is stored. Every breach is tried, even if another one fails.

    Raises:
        FederationError: The sender has to deliver the request again.
    """
    now = clock()
    queue = _QueueBus()
    here = replace(ports, bus=queue)
    reading = without_future_times(read(request, trust), now)
    parts = reading.batch if reading.batch is not None else (reading,)
    breaches = [breach for part in parts if (breach := receive.urgent(part, now))]
    queue.done.update(breach.id for breach in breaches)
    if errors := [error for breach in breaches if (error := _roll_back_error(breach, here, now))]:
        raise errors[0]
    result = take_in(Delivery(request=request, reading=reading, inline=True), here, now)
    _run_follow_ups(queue, ports, clock)
    return result


def _roll_back_error(breach: Event, ports: Ports, now: str) -> Exception | None:
    """Roll back for a breach. Returns the error if that failed, else None."""
    try:
        handle("roll_back", breach, ports, now)
    except Exception as error:  # noqa: BLE001 - raised once every other breach was tried
        log.warning("%s %s failed: %s: %s", breach.type, breach.subject, type(error).__name__, error)
        return error
    return None


class _QueueBus:
    """A bus that queues events in this process. `done` contains the ids of handled events."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self._waiting: deque[Event] = deque()

    def announce(self, events: Sequence[Event]) -> None:
        """Queue the events."""
        self._waiting.extend(events)

    def followed(self) -> Iterator[Event]:
        """Each queued event, including those that are queued meanwhile."""
        while self._waiting:
            event = self._waiting.popleft()
            if event.id not in self.done:
                yield event


def _run_follow_ups(queue: _QueueBus, ports: Ports, clock: Callable[[], str]) -> None:
    here = replace(ports, bus=queue)
    unhandled = [event for event in queue.followed() if not _run_steps(event, here, clock)]
    if unhandled:
        ports.bus.announce(unhandled)


def _run_steps(event: Event, ports: Ports, clock: Callable[[], str]) -> bool:
    """Run the steps that handle the event. Returns whether there are any and none failed."""
    steps = routes().get(event.type, ())
    try:
        for step in steps:
            handle(step, event, ports, clock())
    except Exception as error:  # noqa: BLE001 - a failing event must not keep the others from the bus
        log.warning("%s %s goes to the bus: %s: %s", event.type, event.subject, type(error).__name__, error)
        return False
    return bool(steps)
