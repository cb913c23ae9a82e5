# SPDX-License-Identifier: Apache-2.0
"""What is in the dead-letter subscription, and how is it redelivered?

Each message names the subscription that gave it up. It is published before it is acknowledged, so after a crash in
between it is delivered twice. It also reaches every step that handles its type, not only the one that failed. Steps
tolerate both.
https://cloud.google.com/pubsub/docs/handling-failures
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
_HIDDEN_SECONDS: Final = 60
"""Acknowledgement deadline of a pulled letter, unless it is made available earlier."""
_PUBLISH_SECONDS: Final = 15.0
_SOURCE: Final = "CloudPubSubDeadLetterSource"
_TIMED_OUT: Final = 504

Received = Any
"""A google.pubsub_v1.types.ReceivedMessage."""


class PubSubDeadLetters:
    """The subscription of the topic that dead letters go to.

    Args:
        subscriber: Makes the client when it is first needed.
        publisher: Makes the publishing client when it is first needed.
        subscription: `projects/<project>/subscriptions/<name>`, which contains them.
        topic: The bus, on which our events are published. Any other message returns to its first topic.
        steps: Names of steps. A subscription that is named after none of them counts as that of `receive`.
        seconds: How long Pub/Sub may look for a further message.
        patience: Seconds for which transient failures of a pull are retried; the client's default is a minute.
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
        self._original_topic = cache(self._topic_of)

    def list(self) -> Sequence[DeadLetter]:
        """Every dead letter, oldest first; none is removed."""
        received: list[Received] = []
        try:
            for batch in self._batches():
                received += batch
        finally:
            self._make_available(received)
        letters = {item.message.message_id: self._letter(item.message) for item in received}
        return sorted(letters.values(), key=lambda letter: instant.order(letter.at))

    def redrive(self, step: str | None = None, ids: Collection[str] | None = None) -> int:
        """Redeliver the step's letters, or all letters if no step is named; only these ids, if given.

        Returns how many were acknowledged. An event that several steps failed on is published once, since it reaches all
        of them.
        """
        sent: dict[str, set[str]] = {}
        unsent: list[Received] = []
        count = 0
        try:
            for batch in self._batches():
                unsent += batch
                for letter in batch:
                    if self._is_chosen(letter.message, step, ids) and self._redeliver(letter, sent):
                        unsent.remove(letter)
                        count += 1
        finally:
            self._make_available(unsent)
        return count

    def _is_chosen(self, message: Any, step: str | None, ids: Collection[str] | None) -> bool:
        return step in (None, self._step(_source(message))) and (ids is None or message.message_id in ids)

    def _redeliver(self, letter: Received, sent: dict[str, set[str]]) -> bool:
        """Publish the letter's event unless this redrive has already done so, and acknowledge the letter.

        Returns False for an event that the same subscription gave up again; it stays for the next redrive.
        """
        what = digest_of(letter.message.data)
        sources = sent.setdefault(what, set())
        if _source(letter.message) in sources:
            return False
        if not sources:
            self._publish(letter.message)
        sources.add(_source(letter.message))
        with service_call("Pub/Sub", f"acknowledge on {self._subscription}"):
            self._subscriber().acknowledge(subscription=self._subscription, ack_ids=[letter.ack_id])
        return True

    def _batches(self) -> Iterator[Sequence[Received]]:
        """Every letter, hidden from other subscribers for a while, until Pub/Sub returns none that is new.

        Over a slow link, the first letters become available again before the last ones arrive.
        """
        ids: set[str] = set()
        while batch := [letter for letter in self._pull() if letter.message.message_id not in ids]:
            self._set_deadline(batch, _HIDDEN_SECONDS)
            ids |= {letter.message.message_id for letter in batch}
            yield batch

    def _pull(self) -> Sequence[Received]:
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

    def _set_deadline(self, received: Iterable[Received], seconds: int) -> None:
        with service_call("Pub/Sub", f"keep letters of {self._subscription}"):
            self._subscriber().modify_ack_deadline(
                subscription=self._subscription,
                ack_ids=[letter.ack_id for letter in received],
                ack_deadline_seconds=seconds,
            )

    def _make_available(self, received: Sequence[Received]) -> None:
        """Make the letters available again at once."""
        for start in range(0, len(received), _BATCH):
            self._set_deadline(received[start : start + _BATCH], 0)

    def _publish(self, message: Any) -> None:
        """Publish a copy by the API's method: the client's takes an attribute named `data` for an argument."""
        from google.pubsub_v1 import PublisherClient, PubsubMessage

        topic = self._bus if is_ours(message.data) else self._original_topic(_source(message))
        copy = PubsubMessage(data=message.data, attributes=_attributes(message), ordering_key=message.ordering_key)
        with service_call("Pub/Sub", f"publish again on {topic}"):
            PublisherClient.publish(
                self._publisher(), topic=topic, messages=[copy], retry=None, timeout=_PUBLISH_SECONDS
            )

    def _topic_of(self, source: str) -> str:
        with service_call("Pub/Sub", f"tell the topic of {source}"):
            return str(self._subscriber().get_subscription(subscription=source).topic)

    def _letter(self, message: Any) -> DeadLetter:
        attributes: Mapping[str, str] = message.attributes
        at = instant.normalise(attributes.get(f"{_SOURCE}TopicPublishTime")) or instant.text(message.publish_time)
        return DeadLetter(
            id=message.message_id,
            step=self._step(_source(message)),
            event=event_in(message.data, message.message_id, at),
            failure="",
            attempts=int(attributes.get(f"{_SOURCE}DeliveryCount", "0")),
            at=at,
        )

    def _step(self, source: str) -> str:
        """The step of a subscription: `federation-roll-back-0-1f3a5b7c` is that of `roll_back`."""
        words = re.sub(r"_\d+(?:_[0-9a-f]{8})?$", "", source.rpartition("/")[2].replace("-", "_"))
        return next((step for step in self._steps if f"_{words}".endswith(f"_{step}")), DOOR)


def _is_failure(error: BaseException) -> bool:
    """Whether a repeated pull may succeed soon. A pull that timed out found no messages."""
    return is_transient(error) and status_of(error) != _TIMED_OUT


def _source(message: Any) -> str:
    """The name of the subscription that gave the message up."""
    attributes: Mapping[str, str] = message.attributes
    project = attributes.get(f"{_SOURCE}SubscriptionProject", "")
    return f"projects/{project}/subscriptions/{attributes.get(f'{_SOURCE}Subscription', '')}"


def _attributes(message: Any) -> dict[str, str]:
    """The attributes of the message as first published."""
    return {name: value for name, value in message.attributes.items() if not name.startswith(_SOURCE)}
