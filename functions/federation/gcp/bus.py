# SPDX-License-Identifier: Apache-2.0
"""The bus on Pub/Sub: one topic, the subject as ordering key, and attributes that subscriptions filter by."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from federation.core.digest import canonical
from federation.core.event import Event
from federation.errors import ContractError, ServiceError
from federation.gcp.calls import error_text, is_transient

_ATTEMPTS: Final = 4
_TIMEOUT: Final = 15.0
"""Seconds for one request to publish."""
_KEY_BYTES: Final = 1024
"""The most bytes, in UTF-8, of an ordering key or an attribute's value."""
_LARGEST: Final = 9_900_000
"""The most bytes in an event: a message may have ten million, including its attributes."""

_Message = tuple[Event, bytes]


class PubSubBus:
    """Publishes on a topic `projects/<project>/topics/<name>`. The publisher must have message ordering enabled.

    The client would retry an ordered publish for ever, so its retries are off, and this class retries.
    """

    def __init__(self, publisher: Callable[[], Any], topic: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._publisher = publisher
        self._topic = topic
        self._pause = pause

    def announce(self, events: Sequence[Event]) -> None:
        """Deliver each event to every step that handles its type; returns when the topic has all of them.

        Transient failures are retried, in the order of the events. An event may arrive twice.

        Raises:
            ContractError: An event is too large for Pub/Sub; nothing was announced.
            ServiceError: Some were not accepted. Announcing all of them again does no harm.
        """
        waiting = [(event, _body(event)) for event in events]
        for attempt in range(_ATTEMPTS):
            failed = self._publish_all(waiting)
            if not failed:
                return
            waiting = [message for message, _ in failed]
            cause = next((error for _, error in failed if not _is_held_back(error)), failed[0][1])
            if attempt == _ATTEMPTS - 1 or not (is_transient(cause) or _is_held_back(cause)):
                what = f"{len(waiting)} of {len(events)} events on {self._topic}"
                raise ServiceError(f"Pub/Sub did not take {what}: {error_text(cause)}") from cause
            self._pause(0.1 * 2**attempt)

    def _publish_all(self, messages: Sequence[_Message]) -> list[tuple[_Message, BaseException]]:
        """Publish all messages. Returns those that the topic did not accept, each with its error, and resumes their keys."""
        publisher = self._publisher()
        futures = [(message, self._publish(publisher, *message)) for message in messages]
        failed = [(message, error) for message, future in futures if (error := _outcome(future))]
        for key in {_key(event.subject) for (event, _), _ in failed}:
            with suppress(RuntimeError):  # another thread has already resumed it
                publisher.resume_publish(self._topic, key)
        return failed

    def _publish(self, publisher: Any, event: Event, body: bytes) -> Any:
        key = _key(event.subject)
        attributes = {"type": event.type, "id": event.id, "subject": key}
        return publisher.publish(self._topic, body, ordering_key=key, retry=None, timeout=_TIMEOUT, **attributes)


def _body(event: Event) -> bytes:
    body = canonical(event.document())
    if len(body) > _LARGEST:
        raise ContractError(
            f"event {event.id} has {len(body)} bytes, and Pub/Sub takes at most {_LARGEST}; shorten its data"
        )
    return body


def _outcome(future: Any) -> BaseException | None:
    """Why a publish failed, or None."""
    try:
        failure: BaseException | None = future.exception(timeout=2 * _TIMEOUT)
    except TimeoutError as error:
        return error
    return failure


def _key(subject: str) -> str:
    """The subject, cut to Pub/Sub's limit; two subjects with the same prefix merely share their order."""
    encoded = subject.encode()
    return subject if len(encoded) <= _KEY_BYTES else encoded[:_KEY_BYTES].decode(errors="ignore")


def _is_held_back(error: BaseException) -> bool:
    """Whether the event was not sent because an earlier one with the same key failed."""
    from google.cloud.pubsub_v1.publisher.exceptions import PublishToPausedOrderingKeyException

    return isinstance(error, PublishToPausedOrderingKeyException | RuntimeError)
