# SPDX-License-Identifier: Apache-2.0
"""How does a cloud that is not home pass events on? It parses them, announces them on home's bus, and stores nothing.

An event's id comes from the sender's dedupe key, so home recognises repetitions. An unusable record is not kept here but
returned to its queue, which in the end moves it to its dead letters.
"""

import logging
from typing import Final

from federation.ports import Bus
from federation.sources import Reading, Request, Trust, read
from federation.sources.timely import timely
from federation.steps import receive

log = logging.getLogger("federation")

_NOTHING_KNOWN: Final = receive.Facts(stored={}, settled=frozenset())
"""The facts of a cloud without a store: it knows of no earlier delivery."""


def relay(request: Request, trust: Trust, bus: Bus, now: str) -> Reading:
    """Parse what a cloud delivered, announce its events on home's bus, and return the reading to answer with.

    Raises:
        ServiceError: Home's bus did not accept them; the sender has to redeliver.
    """
    return _relayed(request, timely(read(request, trust), now), bus, now)


def _relayed(request: Request, reading: Reading, bus: Bus, now: str) -> Reading:
    for one in reading.batch if reading.batch is not None else (reading,):
        delivery = receive.Delivery(request=request, reading=one)
        outcome = receive.decide(delivery, _NOTHING_KNOWN, now)
        if outcome.events:
            bus.announce(outcome.events)
        if one.verdict == "reject":
            log.warning("rejected as %s: %s", one.error, one.why)
    return reading
