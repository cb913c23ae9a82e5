# SPDX-License-Identifier: Apache-2.0
"""Dead letters in Pub/Sub: whose they are, where a redrive sends them, and what may fail."""

import json
import time

import pytest
from tests.ports.backends_gcp import PROJECT

from federation.core import event as events
from federation.core.event import Event
from federation.errors import MissingError, ServiceError
from federation.gcp.dead_letters import PubSubDeadLetters

MARK = "CloudPubSubDeadLetterSource"


def event(number, type_=events.UNIT_ACCEPTED):
    return Event(type=type_, source="//test", subject="u", time="2026-01-05T08:00:00Z", key=str(number), data={})


@pytest.fixture
def letters(pubsub_letterbox):
    return pubsub_letterbox.letters


@pytest.fixture
def add_letter(pubsub_serving, pubsub_subscriptions):
    """Put a body among the dead letters, as Pub/Sub does for the subscription of that name."""
    topic = pubsub_serving.topics.subscription(pubsub_subscriptions["dead"]).asked.topic

    def put(data, source, /, **attributes):
        mark = {f"{MARK}Subscription": source, f"{MARK}SubscriptionProject": PROJECT, f"{MARK}DeliveryCount": "5"}
        pubsub_serving.publish(topic, data, {**attributes, **mark})

    return put


def body(event_):
    return json.dumps(event_.document()).encode()


class SlowClient:
    """A client on a link so slow that the messages it pulled are available again before its next pull."""

    def __init__(self, client):
        self._client = client
        self._asked = 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def pull(self, **arguments):
        self._asked += 1
        assert self._asked < 20, "pulled without end"
        return self._client.pull(**arguments)

    def modify_ack_deadline(self, **arguments):
        self._client.modify_ack_deadline(**{**arguments, "ack_deadline_seconds": 0})


class InterruptedClient(SlowClient):
    """A client whose user presses ^C at the second pull."""

    def pull(self, **arguments):
        if self._asked:
            raise KeyboardInterrupt
        return super().pull(**arguments)

    def modify_ack_deadline(self, **arguments):
        self._client.modify_ack_deadline(**arguments)


def test_listing_ends_although_letters_become_available_again(
    pubsub_letterbox, pubsub_subscriber, pubsub_publisher, pubsub_topic, pubsub_subscriptions
):
    for number in range(3):
        pubsub_letterbox.gives_up("gate", event(number))
    client = SlowClient(pubsub_subscriber)
    letters = PubSubDeadLetters(
        lambda: client,
        lambda: pubsub_publisher,
        subscription=pubsub_subscriptions["dead"],
        topic=pubsub_topic,
        steps=("gate",),
        seconds=0.2,
    ).list()
    assert sorted(letter.event.key for letter in letters) == ["0", "1", "2"]


@pytest.fixture
def letters_seen_by(pubsub_publisher, pubsub_topic, pubsub_subscriptions):
    """Dead letters as seen through another client."""

    def letters_of(client, **options):
        names = {"subscription": pubsub_subscriptions["dead"], "topic": pubsub_topic, "steps": ("gate",)}
        return PubSubDeadLetters(lambda: client, lambda: pubsub_publisher, **names, **options)

    return letters_of


def test_an_interrupted_listing_hides_no_letter_from_the_next_one(
    letters, letters_seen_by, pubsub_letterbox, pubsub_subscriber
):
    pubsub_letterbox.gives_up("gate", event(1))
    with pytest.raises(KeyboardInterrupt):
        letters_seen_by(InterruptedClient(pubsub_subscriber)).list()
    assert [letter.event.key for letter in letters.list()] == ["1"]


def test_while_pubsub_is_down_a_listing_fails_within_seconds(letters_seen_by, pubsub_serving, pubsub_subscriber):
    pubsub_serving.faults.refuse("Pull", 503, times=1000)
    started = time.monotonic()
    try:
        with pytest.raises(ServiceError, match="503"):
            letters_seen_by(pubsub_subscriber, patience=0.2).list()
    finally:
        pubsub_serving.faults.forget()
    assert time.monotonic() - started < 20


def test_a_redrive_that_pubsub_does_not_answer_ends_at_once(pubsub_letterbox, pubsub_serving):
    """The client library would retry for ten minutes, but a letter's deadline ends after one."""
    pubsub_letterbox.gives_up("gate", event(1))
    pubsub_serving.faults.forget()
    pubsub_serving.faults.refuse("Publish", 503)
    with pytest.raises(ServiceError, match="publish again"):
        pubsub_letterbox.letters.redrive()
    assert pubsub_serving.faults.calls.count("Publish") == 1


def test_a_letter_that_cannot_be_published_stays(pubsub_letterbox, pubsub_serving):
    for number in range(3):
        pubsub_letterbox.gives_up("gate", event(number))
    pubsub_serving.faults.refuse("Publish", 403)
    with pytest.raises(ServiceError, match="publish again"):
        pubsub_letterbox.letters.redrive()
    assert len(pubsub_letterbox.letters.list()) == 3
    assert pubsub_letterbox.letters.redrive() == 3
    assert len(pubsub_letterbox.delivered()) == 3


def test_a_letter_that_cannot_be_acknowledged_is_published_again(pubsub_letterbox, pubsub_serving):
    pubsub_letterbox.gives_up("gate", event(1))
    pubsub_serving.faults.refuse("Acknowledge", 403)
    with pytest.raises(ServiceError, match="acknowledge"):
        pubsub_letterbox.letters.redrive()
    assert pubsub_letterbox.letters.redrive() == 1
    assert [event_.key for _, event_ in pubsub_letterbox.delivered()] == ["1", "1"]


@pytest.mark.parametrize(
    ("subscription", "step"),
    [
        ("federation-roll-back-0-1f3a5b7c", "roll_back"),
        ("federation-validate-1-12345678", "validate"),
        ("federation-roll-back-0", "roll_back"),
        ("federation-gate-12", "gate"),
        ("roll_back", "roll_back"),
        ("delegate", "receive"),
        ("federation-completions", "receive"),
        ("federation-promote", "promote"),
    ],
)
def test_a_letter_belongs_to_the_step_of_its_subscription(letters, add_letter, subscription, step):
    add_letter(body(event(1)), subscription)
    assert [letter.step for letter in letters.list()] == [step]


def test_an_event_that_two_steps_gave_up_is_published_once(letters, add_letter, pubsub_serving):
    add_letter(body(event(1)), "federation-fuse-0")
    add_letter(body(event(1)), "federation-launch-0")
    pubsub_serving.faults.forget()
    assert letters.redrive() == 2
    assert pubsub_serving.faults.calls.count("Publish") == 1
    assert letters.list() == []


def test_of_two_equal_letters_one_redrive_sends_one(letters, add_letter):
    add_letter(body(event(1)), "federation-gate-0")
    add_letter(body(event(1)), "federation-gate-0")
    assert letters.redrive() == 1
    assert len(letters.list()) == 1


def test_an_unreadable_notification_goes_back_to_its_own_topic(
    letters, add_letter, pubsub_publisher, pubsub_subscriber, pubsub_topic
):
    unique = pubsub_topic.rpartition("-")[2]
    topic = pubsub_publisher.create_topic(name=f"projects/{PROJECT}/topics/completions-{unique}").name
    door = f"projects/{PROJECT}/subscriptions/completions-{unique}"
    pubsub_subscriber.create_subscription(name=door, topic=topic)
    attributes = {"eventType": "OBJECT_FINALIZE", "topic": "weather", "data": "rain", "timeout": "soon"}
    add_letter(b"a notification", f"completions-{unique}", **attributes)
    (letter,) = letters.list()
    assert letter.step == "receive"
    assert letters.redrive() == 1
    (received,) = pubsub_subscriber.pull(subscription=door, max_messages=10).received_messages
    assert received.message.data == b"a notification"
    assert dict(received.message.attributes) == attributes, "whatever its sender called them"


def test_a_letter_whose_topic_is_unknown_stays(letters, add_letter):
    add_letter(b"a notification", "gone-for-ever")
    with pytest.raises(MissingError, match="gone-for-ever"):
        letters.redrive()
    assert len(letters.list()) == 1


def test_a_letter_has_its_count_of_deliveries(letters, add_letter):
    add_letter(body(event(1)), "federation-gate-0")
    assert letters.list()[0].attempts == 5
