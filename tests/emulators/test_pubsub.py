# SPDX-License-Identifier: Apache-2.0
"""The real Pub/Sub clients find the service's rules kept."""

import threading
import uuid

import pytest
from google.api_core import exceptions as google
from google.pubsub_v1 import types
from tests.emulators.pubsub_clients import *  # noqa: F403 - fixtures
from tests.emulators.pubsub_clients import PROJECT, QUICK, made_topic, nothing, pulled, send


def test_names_are_taken_once_and_must_be_there(publisher, subscriber, topic, subscribed):
    with pytest.raises(google.AlreadyExists):
        publisher.create_topic(name=topic)
    with pytest.raises(google.NotFound):
        send(publisher, f"{PROJECT}/topics/none", b"x")
    with pytest.raises(google.InvalidArgument):
        publisher.create_topic(name=f"{PROJECT}/topics/1")
    name = subscribed()
    assert list(publisher.list_topic_subscriptions(topic=topic)) == [name]
    assert name in {one.name for one in subscriber.list_subscriptions(project=PROJECT)}
    assert topic in {one.name for one in publisher.list_topics(project=PROJECT)}
    assert publisher.get_topic(topic=topic).name == topic
    publisher.delete_topic(topic=topic)
    assert subscriber.get_subscription(subscription=name).topic == "_deleted-topic_"


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": "attributes.type"},
        {"dead_letter_policy": {"dead_letter_topic": "x", "max_delivery_attempts": 4}},
    ],
)
def test_a_configuration_that_the_service_would_not_take_is_refused(subscribed, wrong):
    with pytest.raises(google.InvalidArgument):
        subscribed(**wrong)


def test_what_is_not_acknowledged_comes_again(publisher, subscriber, topic, subscribed, serving):
    name = subscribed(ack_deadline_seconds=10)
    send(publisher, topic, b"x", kind="a")
    (first,) = pulled(subscriber, name)
    assert (first.message.data, dict(first.message.attributes)) == (b"x", {"kind": "a"})
    subscriber.modify_ack_deadline(subscription=name, ack_ids=[first.ack_id], ack_deadline_seconds=0)
    (second,) = pulled(subscriber, name)
    assert second.message.message_id == first.message.message_id
    subscriber.acknowledge(subscription=name, ack_ids=[second.ack_id])
    assert nothing(serving, name)


def test_a_filter_keeps_out_what_nobody_asked_for(publisher, subscriber, topic, subscribed):
    name = subscribed(filter='attributes.type = "a" OR attributes.type = "b"')
    for kind in "abc":
        send(publisher, topic, kind.encode(), type=kind)
    assert [one.message.data for one in pulled(subscriber, name)] == [b"a", b"b"]


def test_one_key_keeps_its_order_and_waits_for_its_acknowledgement(publisher, subscriber, topic, subscribed):
    name = subscribed(enable_message_ordering=True)
    send(publisher, topic, b"1", b"2", b"3", key="k")
    seen = []
    for nack in (False, True, False, False):
        (one,) = pulled(subscriber, name)
        seen.append(one.message.data)
        seconds = 0 if nack else 10
        subscriber.modify_ack_deadline(subscription=name, ack_ids=[one.ack_id], ack_deadline_seconds=seconds)
        if not nack:
            subscriber.acknowledge(subscription=name, ack_ids=[one.ack_id])
    assert seen == [b"1", b"2", b"2", b"3"]


def test_a_request_has_one_key_and_no_empty_or_oversized_message(publisher, topic):
    mixed = [types.PubsubMessage(data=b"x", ordering_key=key) for key in "ab"]
    wrong = (
        mixed,
        [types.PubsubMessage(ordering_key="a")],
        [types.PubsubMessage(data=b"x", attributes={"a": "x" * 1025})],
    )
    for messages in wrong:
        with pytest.raises(google.InvalidArgument):
            publisher._gapic_publish(topic=topic, messages=messages)


def test_a_stream_brings_messages_as_they_come_and_again_when_given_back(publisher, subscriber, topic, subscribed):
    name, got, done = subscribed(), [], threading.Event()

    def hear(message):
        got.append(message.data)
        if got.count(b"2") == 1 and message.data == b"2":
            message.nack()
        else:
            message.ack()
        if len(got) == 4:
            done.set()

    stream = subscriber.subscribe(name, callback=hear)
    send(publisher, topic, b"1", b"2", b"3")
    assert done.wait(10)
    stream.cancel()
    stream.result(timeout=10)
    assert sorted(got) == [b"1", b"2", b"2", b"3"]


def test_what_nobody_takes_goes_to_the_dead_letters_and_says_where_from(publisher, subscriber, topic, subscribed):
    dead = made_topic(publisher)
    name = subscribed(dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 5}, retry_policy=QUICK)
    grave = subscriber.create_subscription(name=f"{PROJECT}/subscriptions/g{uuid.uuid4().hex}", topic=dead).name
    send(publisher, topic, b"poison", kind="a")
    for attempt in range(1, 6):
        (one,) = pulled(subscriber, name)
        assert one.delivery_attempt == attempt
        subscriber.modify_ack_deadline(subscription=name, ack_ids=[one.ack_id], ack_deadline_seconds=0)
    (letter,) = pulled(subscriber, grave)
    told = dict(letter.message.attributes)
    assert (letter.message.data, told["kind"]) == (b"poison", "a")
    assert told["CloudPubSubDeadLetterSourceSubscription"] == name.rpartition("/")[2]
    assert told["CloudPubSubDeadLetterSourceSubscriptionProject"] == "acme-ml-prod"
    assert told["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    subscriber.delete_subscription(subscription=grave)


def test_the_fault_switch_refuses_or_loses_answers(publisher, topic, serving, subscriber, subscribed):
    name = subscribed()
    serving.faults.refuse("Publish", 403)
    with pytest.raises(google.PermissionDenied):
        send(publisher, topic, b"x")
    serving.faults.lose("Acknowledge")
    send(publisher, topic, b"y")
    (one,) = pulled(subscriber, name)
    with pytest.raises(google.ServiceUnavailable):
        subscriber.acknowledge(request={"subscription": name, "ack_ids": [one.ack_id]}, retry=None)
    assert nothing(serving, name)
