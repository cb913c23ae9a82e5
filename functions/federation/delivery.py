# SPDX-License-Identifier: Apache-2.0
"""What happens to what a cloud delivers? Whatever is new in it is kept, and then announced."""

import logging
from collections.abc import Sequence

from msgspec.structs import replace

from federation.core.digest import canonical
from federation.errors import ServiceError
from federation.ports import Ports
from federation.reads import LiveReads
from federation.sources import read
from federation.sources.reading import Reading, Request
from federation.sources.timely import timely
from federation.sources.trust import Trust
from federation.steps import receive

log = logging.getLogger("federation")


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

    Raises:
        FederationError: The sender has to deliver the request again.
    """
    if reading.batch is not None:
        return replace(reading, batch=_each(request, reading.batch, ports, now, settled_ends=settled_ends))
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


def _each(
    request: Request, batch: Sequence[Reading], ports: Ports, now: str, *, settled_ends: bool
) -> tuple[Reading, ...]:
    """Take in every record; one that cannot be is rejected if it can return to its queue alone, else raises at the end.

    Raises:
        ServiceError: A service failed, as it would for the rest of the records.
    """
    told: list[Reading] = []
    failures: list[Exception] = []
    for one in batch:
        try:
            told.append(take_in(request, one, ports, now, settled_ends=settled_ends))
        except ServiceError:
            raise
        except Exception as error:  # whatever is wrong with one record, an alarm behind it must not wait for it
            log.error("a record cannot be taken in", exc_info=error)  # noqa: TRY400 - the traceback is given
            told.append(replace(one, verdict="reject", why=str(error)))
            if one.message_id is None:
                failures.append(error)
    if failures:
        raise failures[0]
    return tuple(told)
