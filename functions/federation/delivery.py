# SPDX-License-Identifier: Apache-2.0
"""What happens to what a cloud delivers? Whatever is new in it is kept, and then announced."""

from msgspec.structs import replace

from federation.core.digest import canonical
from federation.ports import Ports
from federation.reads import LiveReads
from federation.sources import read
from federation.sources.reading import Reading, Request
from federation.sources.timely import timely
from federation.sources.trust import Trust
from federation.steps import receive


def deliver(request: Request, trust: Trust, ports: Ports, now: str) -> Reading:
    """Parse what a cloud delivered, keep and announce what is new in it, and return the reading to answer with.

    Args:
        request: The request as it came.
        trust: Which senders are accepted.
        ports: The ports of this home.
        now: The moment of delivery, RFC 3339 in UTC.
    """
    return take_in(request, timely(read(request, trust), now), ports, now)


def take_in(request: Request, reading: Reading, ports: Ports, now: str, *, settled_ends: bool = True) -> Reading:
    """Keep and announce what is new in a reading, each record of a batch by itself.

    Args:
        request: The request as it came.
        reading: The request, parsed and authenticated.
        ports: The ports of this home.
        now: The moment of delivery, RFC 3339 in UTC.
        settled_ends: Whether a settled completion is dropped; otherwise it is announced again.
    """
    if reading.batch is not None:
        told = tuple(take_in(request, one, ports, now, settled_ends=settled_ends) for one in reading.batch)
        return replace(reading, batch=told)
    delivery = receive.Delivery(request=request, reading=reading)
    claims = receive.claims(delivery, now)
    taken = {claim.name for claim in claims if not ports.store.claim(claim.name, canonical(claim.value))}
    facts = receive.gather(delivery, taken, LiveReads(ports), now, settled_ends=settled_ends)
    outcome = receive.decide(delivery, facts, now)
    # A parked body is named by its bytes; a later version may word its fault otherwise.
    keep = ports.store.claim if reading.park else ports.store.keep
    for document in outcome.documents:
        keep(document.name, canonical(document.value))
    if outcome.events:
        ports.bus.announce(outcome.events)
    return receive.judged(delivery, facts)
