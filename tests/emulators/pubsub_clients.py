# SPDX-License-Identifier: Apache-2.0
"""The real clients on the emulator, and what every test of it does."""

import uuid

import pytest
from google.cloud import pubsub_v1
from infra.emulators import pubsub

PROJECT = "projects/acme-ml-prod"
QUICK = {"minimum_backoff": {"nanos": 1_000_000}, "maximum_backoff": {"nanos": 2_000_000}}


@pytest.fixture(scope="module")
def serving():
    with pubsub.serving() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def clients(serving):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", serving.endpoint)
        options = pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
        publisher, subscriber = pubsub_v1.PublisherClient(publisher_options=options), pubsub_v1.SubscriberClient()
    with subscriber:
        yield publisher, subscriber
    publisher.stop()
    publisher.transport.close()


@pytest.fixture
def publisher(clients):
    return clients[0]


@pytest.fixture
def subscriber(clients):
    return clients[1]


@pytest.fixture
def topic(publisher):
    return made_topic(publisher)


def made_topic(publisher):
    return publisher.create_topic(name=f"{PROJECT}/topics/t{uuid.uuid4().hex}").name


@pytest.fixture
def subscribed(subscriber, topic):
    def subscribe(**more):
        name = f"{PROJECT}/subscriptions/s{uuid.uuid4().hex}"
        subscriber.create_subscription(request={"name": name, "topic": topic, **more})
        made.append(name)
        return name

    made = []
    yield subscribe
    for name in made:
        subscriber.delete_subscription(subscription=name)


def pulled(subscriber, name, most=100):
    return list(subscriber.pull(subscription=name, max_messages=most, timeout=10).received_messages)


def nothing(serving, name):
    """Whether the subscription is rid of every message."""
    queue = serving.topics.subscription(name).queue
    return not (queue.waiting or queue.out)


def send(publisher, topic, *bodies, key="", **attributes):
    futures = [publisher.publish(topic, body, ordering_key=key, **attributes) for body in bodies]
    return [future.result(timeout=10) for future in futures]
