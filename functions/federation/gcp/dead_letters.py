# SPDX-License-Identifier: Apache-2.0
"""What lies in the dead-letter subscription, and how is it delivered again?

Each message names the subscription that gave it up. It is published again before it is acknowledged, so a crash between the
two has it delivered twice; and what is published again reaches every step that hears its type. Steps are made for both.
https://cloud.google.com/pubsub/docs/handling-failures
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from federation.core import instant
from federation.core.digest import digest_of
from federation.errors import ServiceError
from federation.gcp.calls import service_call
from federation.ports import DeadLetter
from federation.sources.dead_letter import event_in, is_ours

DOOR: Final = "receive"
_BATCH: Final = 100
_HELD_SECONDS: Final = 60
"""How long a letter that was looked at is kept from others, if it is not given back before."""
_PUBLISH_SECONDS: Final = 15.0
_SOURCE: Final = "CloudPubSubDeadLetterSource"
_TIMED_OUT: Final = 504

Received = Any
"""A google.pubsub_v1.types.ReceivedMessage."""


class PubSubDeadLetters:
    """The subscription of the topic that dead letters go to.

    Args:
        subscriber: Makes the client when it is first needed.
        publisher: The same; its message ordering must be enabled.
        subscription: `projects/<project>/subscriptions/<name>`, where they lie.
        topic: The bus, where our events are published; what is none of ours goes back to the topic that it came by.
        steps: Names of steps, one of which a step's subscription ends in; any other subscription is the door's.
        seconds: How long Pub/Sub may look for a further message.
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
    ) -> None:
        self._subscriber = subscriber
        self._publisher = publisher
        self._subscription = subscription
        self._bus = topic
        self._steps = steps
        self._seconds = seconds
        self._came_by = cache(self._topic_of)

    def list(self) -> Sequence[DeadLetter]:
        """Everything that lies there now, oldest first; it stays there."""
        received = [one for batch in self._batches() for one in batch]
        self._give_back(received)
        found = {one.message.message_id: self._letter(one.message) for one in received}
        return sorted(found.values(), key=lambda letter: instant.order(letter.at))

    def redrive(self, step: str | None = None) -> int:
        """Have the step's letters, or all, delivered again; how many were sent.

        Letters of several steps about one event are published once, for it reaches all of them.
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
        """Whether it is under way again; what its subscription gave up a second time is left for the next redrive."""
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
        """Every letter, kept from others for a while, until Pub/Sub finds no more."""
        while found := self._pulled():
            self._hold(found, _HELD_SECONDS)
            yield found

    def _pulled(self) -> Sequence[Received]:
        try:
            with service_call("Pub/Sub", f"pull from {self._subscription}"):
                answer = self._subscriber().pull(
                    subscription=self._subscription, max_messages=_BATCH, timeout=self._seconds
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
        """Let others see them at once."""
        for start in range(0, len(received), _BATCH):
            self._hold(received[start : start + _BATCH], 0)

    def _publish(self, message: Any) -> None:
        topic = self._bus if is_ours(message.data) else self._came_by(_source(message))
        publisher, key = self._publisher(), message.ordering_key
        future = publisher.publish(
            topic, message.data, ordering_key=key, retry=None, timeout=_PUBLISH_SECONDS, **_attributes(message)
        )
        try:
            with service_call("Pub/Sub", f"publish again on {topic}"):
                future.result(timeout=2 * _PUBLISH_SECONDS)
        except ServiceError:
            if key:
                publisher.resume_publish(topic, key)
            raise

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
        """Whose subscription it is: `federation-roll-back-0` is that of `roll_back`."""
        words = re.sub(r"_\d+$", "", source.rpartition("/")[2].replace("-", "_"))
        return next((step for step in self._steps if f"_{words}".endswith(f"_{step}")), DOOR)


def _source(message: Any) -> str:
    """The name of the subscription that gave the message up."""
    told: Mapping[str, str] = message.attributes
    project = told.get(f"{_SOURCE}SubscriptionProject", "")
    return f"projects/{project}/subscriptions/{told.get(f'{_SOURCE}Subscription', '')}"


def _attributes(message: Any) -> dict[str, str]:
    """Those that the message had when it was published first."""
    return {name: value for name, value in message.attributes.items() if not name.startswith(_SOURCE)}
