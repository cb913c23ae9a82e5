# SPDX-License-Identifier: Apache-2.0
"""Stores what is new in a cloud's delivery, and announces it."""

import logging
from collections.abc import Sequence

from msgspec.structs import replace

from federation.core.digest import canonical
from federation.errors import ServiceError
from federation.ports import Ports
from federation.reads import LiveReads
from federation.sources import log_line, read
from federation.sources.reading import Reading, Request
from federation.sources.timely import without_future_times
from federation.sources.trust import Trust
from federation.steps import receive
from federation.steps.receive import Delivery

log = logging.getLogger("federation")


def deliver(request: Request, trust: Trust, ports: Ports, now: str) -> Reading:
    """Parse a delivery, store and announce what is new in it, and return the reading to answer with.

    Args:
        request: The request as it arrived.
        trust: The accepted senders.
        ports: The ports of this home.
        now: The moment of delivery, RFC 3339 in UTC.
    """
    return take_in(Delivery(request=request, reading=without_future_times(read(request, trust), now)), ports, now)


def take_in(delivery: Delivery, ports: Ports, now: str) -> Reading:
    """Store and announce what is new in a delivery. Each record of a batch is handled by itself.

    Args:
        delivery: The request, parsed and authenticated.
        ports: The ports of this home.
        now: The moment of delivery, RFC 3339 in UTC.

    Raises:
        FederationError: The sender has to deliver the request again.
    """
    reading = delivery.reading
    if reading.batch is not None:
        return replace(reading, batch=_take_in_batch(delivery, reading.batch, ports, now))
    claims = receive.claims(delivery, now)
    taken_names = {claim.name for claim in claims if not ports.store.claim(claim.name, canonical(claim.value))}
    facts = receive.gather(delivery, taken_names, LiveReads(ports), now)
    outcome = receive.decide(delivery, facts, now)
    # A parked body is named by its bytes, but a later version may word its fault differently.
    keep = ports.store.claim if reading.park else ports.store.keep
    for document in outcome.documents:
        keep(document.name, canonical(document.value))
    if outcome.events:
        ports.bus.announce(outcome.events)
    result = receive.judged(delivery, facts)
    level = logging.INFO if log_line.matters(result) else logging.DEBUG
    if log.isEnabledFor(level):
        log.log(level, "%s", result.why, extra=log_line.fields(delivery.request, result))
    return result


def _take_in_batch(delivery: Delivery, batch: Sequence[Reading], ports: Ports, now: str) -> tuple[Reading, ...]:
    """Take in every record. A failed one is rejected if its queue can take it back alone, else raised at the end.

    Raises:
        ServiceError: A service failed; it would fail for the other records, too.
    """
    results: list[Reading] = []
    failures: list[Exception] = []
    for record in batch:
        try:
            results.append(take_in(replace(delivery, reading=record), ports, now))
        except ServiceError:
            raise
        except Exception as error:  # a faulty record must not delay an alarm behind it
            log.error("a record cannot be taken in", exc_info=error)  # noqa: TRY400 - the traceback is given
            results.append(replace(record, verdict="reject", why=str(error)))
            if record.message_id is None:
                failures.append(error)
    if failures:
        raise failures[0]
    return tuple(results)
