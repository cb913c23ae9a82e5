# SPDX-License-Identifier: Apache-2.0
"""Passes events on to home from another cloud: parses them, announces them on home's bus, and stores nothing.

An event's id comes from the sender's dedupe key, so home recognises repetitions. An unusable record is not stored here.
It returns to its queue, which finally moves it to the dead letters.
"""

import logging
from typing import Final

from federation.ports import Bus
from federation.sources import Reading, Request, Trust, log_line, read
from federation.sources.timely import without_future_times
from federation.steps import receive

log = logging.getLogger("federation")

_NO_FACTS: Final = receive.Facts(stored={}, settled=frozenset())
"""The facts of a cloud without a store, which knows no earlier delivery."""


def relay(request: Request, trust: Trust, bus: Bus, now: str) -> Reading:
    """Parse a delivery, announce its events on home's bus, and return the reading to answer with.

    Raises:
        ServiceError: Home's bus did not accept an event; the sender has to redeliver.
    """
    return _announced(request, without_future_times(read(request, trust), now), bus, now)


def _announced(request: Request, reading: Reading, bus: Bus, now: str) -> Reading:
    for part in reading.batch if reading.batch is not None else (reading,):
        delivery = receive.Delivery(request=request, reading=part)
        outcome = receive.decide(delivery, _NO_FACTS, now)
        if outcome.events:
            bus.announce(outcome.events)
        fields = log_line.fields(request, part)
        if part.verdict == "reject":
            log.warning("rejected as %s: %s", part.error, part.why, extra=fields)
        elif log_line.matters(part):
            log.info("%s", part.why, extra=fields)
    return reading
