# SPDX-License-Identifier: Apache-2.0
"""Which topics and subscriptions exist, and where does a published message go? One lock guards everything."""

import itertools
import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import grpc
from google.protobuf import timestamp_pb2
from google.pubsub_v1 import types
from infra.emulators.pubsub_filter import FilterError, parse
from infra.emulators.pubsub_queue import Held, Queue, Rules

Message: Final = types.PubsubMessage.pb()

_NAME: Final = re.compile(r"projects/[^/]+/(?:topics|subscriptions)/[A-Za-z][\w.~+%-]{2,254}")
_LARGEST: Final = 10_000_000
_ATTRIBUTES: Final = 100
_KEY_BYTES: Final = 256
_VALUE_BYTES: Final = 1024
_FEWEST_ATTEMPTS, _MOST_ATTEMPTS = 5, 100
_PUSH_BACKOFF: Final = (0.1, 60.0)
_RETRY_BACKOFF: Final = (10.0, 600.0)
_IDLE: Final = 0.1


class Refused(Exception):  # noqa: N818 - an answer, not a failure of the emulator
    """A refusal with its gRPC status."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(slots=True, kw_only=True)
class Subscription:
    """A subscription as it was requested, and its messages."""

    asked: Any
    queue: Queue

    @property
    def counts(self) -> bool:
        """Whether deliveries state their attempt: only if there is a dead-letter policy."""
        return bool(self.asked.dead_letter_policy.dead_letter_topic)


class Topics:
    """Everything in the emulator; `changed` is notified whenever a message may have become deliverable."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.topics: dict[str, Any] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self._ids = itertools.count(1)

    def create(self, asked: Any) -> Any:
        """Create a topic."""
        with self.changed:
            _free(asked.name, self.topics, "Topic")
            self.topics[asked.name] = asked
        return asked

    def topic(self, name: str) -> Any:
        """The topic of that name."""
        return _there(name, self.topics)

    def subscribe(self, asked: Any) -> Any:
        """Create a subscription; it gets what is published from now on."""
        with self.changed:
            self.topic(asked.topic)
            _free(asked.name, self.subscriptions, "Subscription")
            asked.ack_deadline_seconds = asked.ack_deadline_seconds or 10
            self.subscriptions[asked.name] = Subscription(asked=asked, queue=Queue(rules=self._rules(asked)))
            self.changed.notify_all()
        return asked

    def subscription(self, name: str) -> Subscription:
        """The subscription of that name."""
        found: Subscription = _there(name, self.subscriptions)
        return found

    def update(self, changed: Any, mask: Any) -> Any:
        """Change the fields that the mask names."""
        with self.changed:
            found = self.subscription(changed.name)
            mask.MergeMessage(changed, found.asked, True, True)  # noqa: FBT003 - replace, do not merge
            found.queue.rules = self._rules(found.asked)
            self.changed.notify_all()
        return found.asked

    def publish(self, topic: str, messages: Sequence[Any]) -> list[str]:
        """Publish messages; their ids, in order."""
        with self.changed:
            self.topic(topic)
            _check(messages)
            when = timestamp_pb2.Timestamp()
            when.FromDatetime(datetime.now(UTC))
            for message in messages:
                message.message_id = str(next(self._ids))
                message.publish_time.CopyFrom(when)
            for subscription in self.subscriptions.values():
                if subscription.asked.topic == topic:
                    for message in messages:
                        subscription.queue.put(message)
            self.changed.notify_all()
        return [message.message_id for message in messages]

    def lease(self, name: str, most: int, seconds: float) -> list[tuple[str, Held]]:
        """Messages that may be delivered now; waits for the first one, but at most `seconds`."""
        until = time.monotonic() + seconds
        with self.changed:
            while True:
                self._expire(name)
                found = self.subscription(name).queue.lease(most, time.monotonic())
                left = until - time.monotonic()
                if found or left <= 0:
                    return found
                self.changed.wait(min(left, _IDLE))

    def ack(self, name: str, ack_ids: Iterable[str]) -> None:
        """Remove these messages."""
        with self.changed:
            queue = self.subscription(name).queue
            for ack_id in ack_ids:
                queue.ack(ack_id)
            self.changed.notify_all()

    def extend(self, name: str, deadlines: Iterable[tuple[str, int]]) -> None:
        """Extend these messages' deadlines; 0 seconds gives a message back."""
        with self.changed:
            for ack_id, seconds in deadlines:
                if seconds:
                    self.subscription(name).queue.extend(ack_id, seconds, time.monotonic())
                else:
                    self.nack(name, ack_id)

    def nack(self, name: str, ack_id: str) -> None:
        """Deliver the message again, or publish it on the dead-letter topic after its last attempt."""
        with self.changed:
            subscription = self.subscription(name)
            dead = subscription.queue.nack(ack_id, time.monotonic())
            topic = subscription.asked.dead_letter_policy.dead_letter_topic
            if dead is not None and topic in self.topics:
                self.publish(topic, [_dead_letter(dead, name)])
            self.changed.notify_all()

    def _expire(self, name: str) -> None:
        for ack_id in self.subscription(name).queue.overdue(time.monotonic()):
            self.nack(name, ack_id)

    def _rules(self, asked: Any) -> Rules:
        """The meaning of a configuration.

        Raises:
            Refused: The service would not accept it.
        """
        policy = asked.dead_letter_policy
        attempts = (policy.max_delivery_attempts or _FEWEST_ATTEMPTS) if policy.dead_letter_topic else None
        if attempts is not None and not _FEWEST_ATTEMPTS <= attempts <= _MOST_ATTEMPTS:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, "max_delivery_attempts must be between 5 and 100.")
        if asked.enable_exactly_once_delivery:
            raise Refused(grpc.StatusCode.UNIMPLEMENTED, "The emulator does not deliver exactly once.")
        try:
            wants = parse(asked.filter)
        except FilterError as error:
            raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter: {error}") from error
        return Rules(
            wants=wants,
            ack_deadline=asked.ack_deadline_seconds,
            ordered=asked.enable_message_ordering,
            most_attempts=attempts,
            backoff=_backoff(asked),
        )


def _backoff(asked: Any) -> tuple[float, float]:
    if not asked.HasField("retry_policy"):
        return _PUSH_BACKOFF if asked.push_config.push_endpoint else (0.0, 0.0)
    least, most = asked.retry_policy.minimum_backoff, asked.retry_policy.maximum_backoff
    return (
        least.ToTimedelta().total_seconds() if asked.retry_policy.HasField("minimum_backoff") else _RETRY_BACKOFF[0],
        most.ToTimedelta().total_seconds() if asked.retry_policy.HasField("maximum_backoff") else _RETRY_BACKOFF[1],
    )


def _free(name: str, taken: Mapping[str, Any], what: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid resource name given (name={name}).")
    if name in taken:
        raise Refused(grpc.StatusCode.ALREADY_EXISTS, f"{what} already exists: {name}")


def _there(name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise Refused(grpc.StatusCode.NOT_FOUND, f"Resource not found (resource={name.rpartition('/')[2]}).")
    return known[name]


def _check(messages: Sequence[Any]) -> None:
    """Refuse what the service refuses (https://cloud.google.com/pubsub/quotas)."""
    wrong = ""
    if len({message.ordering_key for message in messages}) > 1:
        wrong = "All messages in a request must have the same ordering key."
    for message in messages:
        if not message.data and not message.attributes:
            wrong = "Some messages in the batch are empty."
        if message.ByteSize() > _LARGEST or len(message.attributes) > _ATTRIBUTES:
            wrong = "A message is too large."
        if any(len(k.encode()) > _KEY_BYTES or len(v.encode()) > _VALUE_BYTES for k, v in message.attributes.items()):
            wrong = "An attribute is too long."
    if wrong:
        raise Refused(grpc.StatusCode.INVALID_ARGUMENT, wrong)


def _dead_letter(held: Held, name: str) -> Any:
    message = held.message
    _, project, _, subscription = name.split("/")
    told = {
        "CloudPubSubDeadLetterSourceDeliveryCount": str(held.attempts),
        "CloudPubSubDeadLetterSourceSubscription": subscription,
        "CloudPubSubDeadLetterSourceSubscriptionProject": project,
        "CloudPubSubDeadLetterSourceTopicPublishTime": message.publish_time.ToJsonString(),
    }
    attributes = {**dict(message.attributes), **told}
    return Message(data=message.data, attributes=attributes, ordering_key=message.ordering_key)
