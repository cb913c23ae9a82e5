# SPDX-License-Identifier: Apache-2.0
"""How does a cloud that is not home tell home? It reads what came, announces it on home's bus, and keeps nothing.

Home takes the announced event as one of its own: its id comes from the sender's dedupe key, so a repetition is settled
there. What a sender told in vain goes back to it, so that the queue it came from keeps it among its dead letters.
"""

import logging

from federation.ports import Bus
from federation.sources import Reading, Request, Trust, read
from federation.steps import receive

log = logging.getLogger("federation")


def relay(request: Request, trust: Trust, bus: Bus, now: str) -> Reading:
    """Read what a cloud delivered, announce at home what it tells, and return what the sender is to be told.

    Raises:
        ServiceError: Home's bus did not take it; the sender has to deliver again.
    """
    return _relayed(request, read(request, trust), bus, now)


def _relayed(request: Request, reading: Reading, bus: Bus, now: str) -> Reading:
    for one in reading.batch if reading.batch is not None else (reading,):
        delivery = receive.Delivery(request=request, reading=one)
        outcome = receive.decide(delivery, NOTHING_KNOWN, now)
        if outcome.events:
            bus.announce(outcome.events)
        if one.verdict == "reject":
            log.warning("rejected as %s: %s", one.error, one.why)
    return reading


NOTHING_KNOWN = receive.Facts(stored={}, settled=frozenset())
"""What a cloud that keeps nothing knows of what was told before."""
