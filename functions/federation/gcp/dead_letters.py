# SPDX-License-Identifier: Apache-2.0
"""What is in the dead-letter subscription, and how is it redelivered?

Each message names the subscription that gave it up. It is published before it is acknowledged, so after a crash in
between it is delivered twice. It also reaches every step that hears its type, not only the one that failed. Steps
tolerate both.
https://cloud.google.com/pubsub/docs/handling-failures
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from federation.core import instant
from federation.core.digest import digest_of
from federation.errors import ServiceError
from federation.gcp.calls import is_transient, retry_policy, service_call, status_of
from federation.ports import DeadLetter
from federation.sources.dead_letter import event_in, is_ours

DOOR: Final = "receive"
_BATCH: Final = 100
_HELD_SECONDS: Final = 60
"""Acknowledgement deadline of a pulled letter, unless it is given back earlier."""
_PUBLISH_SECONDS: Final = 15.0
_SOURCE: Final = "CloudPubSubDeadLetterSource"
_TIMED_OUT: Final = 504

Received = Any
"""A google.pubsub_v1.types.ReceivedMessage."""


class PubSubDeadLetters:
    """The subscription of the topic that dead letters go to.

    Args:
        subscriber: Makes the client when it is first needed.
        publisher: The same.
        subscription: `projects/<project>/subscriptions/<name>`, which contains them.
        topic: The bus, to which our events are published; any other message goes back to the topic it came from.
        steps: Names of steps; a subscription named after none of them is taken to be that of `receive`.
        seconds: How long Pub/Sub may look for a further message.
        patience: Seconds for which transient failures of a pull are retried; the client itself would take a minute.
    """

    def __init__(
        self,
        subscriber: Callable[[], Any],
        publisher: Callable[[], Any],
        *,
        subscription: str,
        topic: str,
        steps: Sequence[str],
        seconds: float = 5.0,
        patience: float = 10.0,
    ) -> None:
        self._subscriber = subscriber
        self._publisher = publisher
        self._subscription = subscription
        self._bus = topic
        self._steps = steps
        self._seconds = seconds
        self._patience = patience
        self._came_by = cache(self._topic_of)

    def list(self) -> Sequence[DeadLetter]:
        """Every dead letter, oldest first; none is removed."""
        received: list[Received] = []
        try:
            for batch in self._batches():
                received += batch
        finally:
            self._give_back(received)
        found = {one.message.message_id: self._letter(one.message) for one in received}
        return sorted(found.values(), key=lambda letter: instant.order(letter.at))

    def redrive(self, step: str | None = None) -> int:
        """Redeliver the step's letters, or all letters if no step is named; returns how many were settled.

        An event that several steps failed on is published once, since it reaches all of them.
        """
        sent: dict[str, set[str]] = {}
        held: list[Received] = []
        done = 0
        try:
            for batch in self._batches():
                held += batch
                for one in batch:
                    if step in (None, self._step(_source(one.message))) and self._sent(one, sent):
                        held.remove(one)
                        done += 1
        finally:
            self._give_back(held)
        return done

    def _sent(self, one: Received, sent: dict[str, set[str]]) -> bool:
        """Publish the letter's event unless this redrive has already done so, and acknowledge the letter.

        Returns False for an event that its subscription has given up again: it waits for the next redrive.
        """
        what = digest_of(one.message.data)
        sources = sent.setdefault(what, set())
        if _source(one.message) in sources:
            return False
        if not sources:
            self._publish(one.message)
        sources.add(_source(one.message))
        with service_call("Pub/Sub", f"acknowledge on {self._subscription}"):
            self._subscriber().acknowledge(subscription=self._subscription, ack_ids=[one.ack_id])
        return True

    def _batches(self) -> Iterator[Sequence[Received]]:
        """Every letter, hidden from other subscribers for a while, until Pub/Sub returns none that is new.

        Over a slow link the first ones are available again before the last ones have arrived.
        """
        seen: set[str] = set()
        while found := [one for one in self._pulled() if one.message.message_id not in seen]:
            self._hold(found, _HELD_SECONDS)
            seen |= {one.message.message_id for one in found}
            yield found

    def _pulled(self) -> Sequence[Received]:
        retry = retry_policy(self._patience).with_predicate(_is_failure)
        try:
            with service_call("Pub/Sub", f"pull from {self._subscription}"):
                answer = self._subscriber().pull(
                    subscription=self._subscription, max_messages=_BATCH, timeout=self._seconds, retry=retry
                )
        except ServiceError as error:
            if getattr(error.__cause__, "code", None) == _TIMED_OUT:
                return ()
            raise
        return tuple(answer.received_messages)

    def _hold(self, received: Iterable[Received], seconds: int) -> None:
        with service_call("Pub/Sub", f"keep letters of {self._subscription}"):
            self._subscriber().modify_ack_deadline(
                subscription=self._subscription,
                ack_ids=[one.ack_id for one in received],
                ack_deadline_seconds=seconds,
            )

    def _give_back(self, received: Sequence[Received]) -> None:
        """Make them available again at once."""
        for start in range(0, len(received), _BATCH):
            self._hold(received[start : start + _BATCH], 0)

    def _publish(self, message: Any) -> None:
        """By the method of the API, as in that of the client an attribute named `data` or `topic` would be an argument."""
        from google.pubsub_v1 import PublisherClient, PubsubMessage  # noqa: PLC0415 - with the client

        topic = self._bus if is_ours(message.data) else self._came_by(_source(message))
        again = PubsubMessage(data=message.data, attributes=_attributes(message), ordering_key=message.ordering_key)
        with service_call("Pub/Sub", f"publish again on {topic}"):
            PublisherClient.publish(
                self._publisher(), topic=topic, messages=[again], retry=None, timeout=_PUBLISH_SECONDS
            )

    def _topic_of(self, source: str) -> str:
        with service_call("Pub/Sub", f"tell the topic of {source}"):
            return str(self._subscriber().get_subscription(subscription=source).topic)

    def _letter(self, message: Any) -> DeadLetter:
        told: Mapping[str, str] = message.attributes
        at = instant.normalise(told.get(f"{_SOURCE}TopicPublishTime")) or instant.text(message.publish_time)
        return DeadLetter(
            id=message.message_id,
            step=self._step(_source(message)),
            event=event_in(message.data, message.message_id, at),
            failure="",
            attempts=int(told.get(f"{_SOURCE}DeliveryCount", "0")),
            at=at,
        )

    def _step(self, source: str) -> str:
        """The step of a subscription: `federation-roll-back-0-1f3a5b7c` is that of `roll_back`."""
        words = re.sub(r"_\d+(?:_[0-9a-f]{8})?$", "", source.rpartition("/")[2].replace("-", "_"))
        return next((step for step in self._steps if f"_{words}".endswith(f"_{step}")), DOOR)


def _is_failure(error: BaseException) -> bool:
    """Whether a pull may succeed soon; one that has timed out has found nothing."""
    return is_transient(error) and status_of(error) != _TIMED_OUT


def _source(message: Any) -> str:
    """The name of the subscription that gave the message up."""
    told: Mapping[str, str] = message.attributes
    project = told.get(f"{_SOURCE}SubscriptionProject", "")
    return f"projects/{project}/subscriptions/{told.get(f'{_SOURCE}Subscription', '')}"


def _attributes(message: Any) -> dict[str, str]:
    """The attributes of the message as first published."""
    return {name: value for name, value in message.attributes.items() if not name.startswith(_SOURCE)}
