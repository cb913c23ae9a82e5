# SPDX-License-Identifier: Apache-2.0
"""The bus on EventBridge: PutEvents in batches. Entries that fail are retried."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from federation.aws.calls import service_call
from federation.core.digest import canonical
from federation.core.event import Event
from federation.errors import ContractError, ServiceError

SOURCE: Final = "federation"
"""The event source that the rules of infra/aws match."""

_ENTRIES: Final = 10
"""The most entries in one PutEvents."""
_BYTES: Final = 240_000
"""The most bytes in one PutEvents, unless a single event has more; some regions' manuals still say 256 KiB."""
_LARGEST: Final = 256_000
"""The most bytes in an event. EventBridge has taken 1 MiB since January 2026, but the queues of infra/aws, and their
dead-letter queues, take 256 KiB with the envelope: a larger event would be accepted, and then lost without a trace.
"""
_ATTEMPTS: Final = 3

Entry = Mapping[str, str]


class EventBridgeBus:
    """One event bus. Its rules route each type to the steps that handle it."""

    def __init__(self, events: Callable[[], Any], bus: str) -> None:
        self._events = events
        self._bus = bus

    def announce(self, events: Sequence[Event]) -> None:
        """Deliver each event to every step that handles its type.

        Raises:
            ContractError: An event is too large for the steps' queues; nothing was announced.
        """
        for batch in _batches([self._entry(event) for event in events]):
            self._put(batch)

    def _entry(self, event: Event) -> Entry:
        encoded = canonical(event.document())
        if len(encoded) > _LARGEST:
            raise ContractError(
                f"event {event.id} has {len(encoded)} bytes, and a step's queue takes at most {_LARGEST}; shorten its data"
            )
        detail = encoded.decode()
        return {"Source": SOURCE, "DetailType": event.type, "Detail": detail, "EventBusName": self._bus}

    def _put(self, entries: Sequence[Entry]) -> None:
        """PutEvents answers 200 even if some entries failed; only those are retried."""
        remaining, codes = list(entries), [""]
        for _ in range(_ATTEMPTS):
            with service_call("EventBridge", "PutEvents"):
                answer = self._events().put_events(Entries=remaining)
            if not answer["FailedEntryCount"]:
                return
            failed = [
                (entry, result)
                for entry, result in zip(remaining, answer["Entries"], strict=True)
                if "ErrorCode" in result
            ]
            remaining, codes = [entry for entry, _ in failed], sorted({result["ErrorCode"] for _, result in failed})
        raise ServiceError(f"EventBridge did not take {len(remaining)} of {len(entries)} events: {', '.join(codes)}")


def _batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        length = sum(len(value.encode()) for value in entry.values())
        if batch and (len(batch) == _ENTRIES or size + length > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch
