# SPDX-License-Identifier: Apache-2.0
"""Dead letters in Pub/Sub: whose they are, where they go back to, and whatever fails on the way."""

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
def dead(pubsub_serving, pubsub_subscriptions):
    """Put a body among the dead letters, as Pub/Sub does for the subscription of that name."""
    topic = pubsub_serving.topics.subscription(pubsub_subscriptions["dead"]).asked.topic

    def put(data, source, /, **attributes):
        told = {f"{MARK}Subscription": source, f"{MARK}SubscriptionProject": PROJECT, f"{MARK}DeliveryCount": "5"}
        pubsub_serving.publish(topic, data, {**attributes, **told})

    return put


def body(one):
    return json.dumps(one.document()).encode()


class Slow:
    """A client over a link so slow that what it pulled is available again before it pulls more."""

    def __init__(self, client):
        self._client = client
        self._asked = 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def pull(self, **asked):
        self._asked += 1
        assert self._asked < 20, "pulled without end"
        return self._client.pull(**asked)

    def modify_ack_deadline(self, **asked):
        self._client.modify_ack_deadline(**{**asked, "ack_deadline_seconds": 0})


class Impatient(Slow):
    """A client whose person presses ^C when it pulls more."""

    def pull(self, **asked):
        if self._asked:
            raise KeyboardInterrupt
        return super().pull(**asked)

    def modify_ack_deadline(self, **asked):
        self._client.modify_ack_deadline(**asked)


def test_looking_ends_although_letters_come_back_meanwhile(
    pubsub_letterbox, pubsub_subscriber, pubsub_publisher, pubsub_topic, pubsub_subscriptions
):
    for number in range(3):
        pubsub_letterbox.gives_up("gate", event(number))
    slow = Slow(pubsub_subscriber)
    found = PubSubDeadLetters(
        lambda: slow,
        lambda: pubsub_publisher,
        subscription=pubsub_subscriptions["dead"],
        topic=pubsub_topic,
        steps=("gate",),
        seconds=0.2,
    ).list()
    assert sorted(letter.event.key for letter in found) == ["0", "1", "2"]


@pytest.fixture
def looking(pubsub_publisher, pubsub_topic, pubsub_subscriptions):
    """Dead letters as seen through another client."""

    def through(client, **more):
        place = {"subscription": pubsub_subscriptions["dead"], "topic": pubsub_topic, "steps": ("gate",)}
        return PubSubDeadLetters(lambda: client, lambda: pubsub_publisher, **place, **more)

    return through


def test_whoever_stops_looking_in_the_middle_hides_no_letter_from_the_next_one(
    letters, looking, pubsub_letterbox, pubsub_subscriber
):
    pubsub_letterbox.gives_up("gate", event(1))
    with pytest.raises(KeyboardInterrupt):
        looking(Impatient(pubsub_subscriber)).list()
    assert [letter.event.key for letter in letters.list()] == ["1"]


def test_while_pubsub_is_down_a_look_gives_up_after_seconds_and_not_after_a_minute(
    looking, pubsub_serving, pubsub_subscriber
):
    pubsub_serving.faults.refuse("Pull", 503, times=1000)
    began = time.monotonic()
    try:
        with pytest.raises(ServiceError, match="503"):
            looking(pubsub_subscriber, patience=0.2).list()
    finally:
        pubsub_serving.faults.forget()
    assert time.monotonic() - began < 20


def test_a_redrive_that_pubsub_does_not_answer_ends_at_once(pubsub_letterbox, pubsub_serving):
    """The method of the API would try again for ten minutes, while the letters that it holds come back after one."""
    pubsub_letterbox.gives_up("gate", event(1))
    pubsub_serving.faults.forget()
    pubsub_serving.faults.refuse("Publish", 503)
    with pytest.raises(ServiceError, match="publish again"):
        pubsub_letterbox.letters.redrive()
    assert pubsub_serving.faults.calls.count("Publish") == 1


def test_what_cannot_be_published_is_not_taken_away(pubsub_letterbox, pubsub_serving):
    for number in range(3):
        pubsub_letterbox.gives_up("gate", event(number))
    pubsub_serving.faults.refuse("Publish", 403)
    with pytest.raises(ServiceError, match="publish again"):
        pubsub_letterbox.letters.redrive()
    assert len(pubsub_letterbox.letters.list()) == 3
    assert pubsub_letterbox.letters.redrive() == 3
    assert len(pubsub_letterbox.delivered()) == 3


def test_what_cannot_be_acknowledged_was_published_and_is_published_once_more(pubsub_letterbox, pubsub_serving):
    pubsub_letterbox.gives_up("gate", event(1))
    pubsub_serving.faults.refuse("Acknowledge", 403)
    with pytest.raises(ServiceError, match="acknowledge"):
        pubsub_letterbox.letters.redrive()
    assert pubsub_letterbox.letters.redrive() == 1
    assert [one.key for _, one in pubsub_letterbox.delivered()] == ["1", "1"]


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
def test_a_letter_is_that_of_the_step_which_its_subscription_is_named_after(letters, dead, subscription, step):
    dead(body(event(1)), subscription)
    assert [letter.step for letter in letters.list()] == [step]


def test_an_event_that_two_steps_gave_up_is_published_once(letters, dead, pubsub_serving):
    dead(body(event(1)), "federation-fuse-0")
    dead(body(event(1)), "federation-launch-0")
    pubsub_serving.faults.forget()
    assert letters.redrive() == 2
    assert pubsub_serving.faults.calls.count("Publish") == 1
    assert letters.list() == []


def test_what_comes_back_while_the_letters_are_sent_waits_for_the_next_time(letters, dead):
    dead(body(event(1)), "federation-gate-0")
    dead(body(event(1)), "federation-gate-0")
    assert letters.redrive() == 1
    assert len(letters.list()) == 1


def test_what_the_door_could_not_read_goes_back_to_the_topic_that_it_came_by(
    letters, dead, pubsub_publisher, pubsub_subscriber, pubsub_topic
):
    unique = pubsub_topic.rpartition("-")[2]
    topic = pubsub_publisher.create_topic(name=f"projects/{PROJECT}/topics/completions-{unique}").name
    door = f"projects/{PROJECT}/subscriptions/completions-{unique}"
    pubsub_subscriber.create_subscription(name=door, topic=topic)
    named = {"eventType": "OBJECT_FINALIZE", "topic": "weather", "data": "rain", "timeout": "soon"}
    dead(b"a notification", f"completions-{unique}", **named)
    (letter,) = letters.list()
    assert letter.step == "receive"
    assert letters.redrive() == 1
    (again,) = pubsub_subscriber.pull(subscription=door, max_messages=10).received_messages
    assert again.message.data == b"a notification"
    assert dict(again.message.attributes) == named, "whatever its sender called them"


def test_what_nobody_knows_the_topic_of_stays(letters, dead):
    dead(b"a notification", "gone-for-ever")
    with pytest.raises(MissingError, match="gone-for-ever"):
        letters.redrive()
    assert len(letters.list()) == 1


def test_the_letter_tells_how_often_it_was_delivered(letters, dead):
    dead(body(event(1)), "federation-gate-0")
    assert letters.list()[0].attempts == 5
