# SPDX-License-Identifier: Apache-2.0
"""The adapters of Pub/Sub, on an imitation of it."""

import json
import uuid

import pytest
from google.api_core.exceptions import DeadlineExceeded
from infra.emulators import pubsub, pubsub_service
from tests.ports.accounts import until
from tests.ports.letterbox import Letterbox
from tests.ports.line import Line

from federation.core.event import Event
from federation.gcp import clients
from federation.gcp.bus import PubSubBus
from federation.gcp.dead_letters import PubSubDeadLetters
from federation.runtime import routes
from federation.steps import STEPS

PROJECT = "acme-ml-prod"
ATTEMPTS = 5
"""Deliveries before a message is a dead letter: the fewest that Pub/Sub takes."""
DASHED = ("gate", "fuse", "roll-back")
PULL_SECONDS = 5.0


@pytest.fixture(scope="session")
def pubsub_serving():
    with pubsub.serving() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def pubsub_publisher(pubsub_serving):
    """The publisher that the functions use, pointed at the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", pubsub_serving.endpoint)
        publisher = clients.publisher.__wrapped__()  # another suite in this process has its own
    yield publisher
    publisher.stop()
    publisher.transport.close()


@pytest.fixture
def pubsub_topic(pubsub_serving, pubsub_publisher):
    """A new topic, without a fault or a call that an earlier test left."""
    name = f"projects/{PROJECT}/topics/events-{uuid.uuid4().hex[:12]}"
    pubsub_publisher.create_topic(name=name)
    pubsub_serving.faults.forget()
    return name


@pytest.fixture(scope="session")
def pubsub_subscriber(pubsub_serving):
    """The subscriber that a person's machine uses, pointed at the emulator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBSUB_EMULATOR_HOST", pubsub_serving.endpoint)
        subscriber = clients.subscriber.__wrapped__()
    yield subscriber
    subscriber.close()


@pytest.fixture
def pubsub_line(pubsub_publisher, pubsub_subscriber, pubsub_topic, monkeypatch):
    monkeypatch.setattr(pubsub_service, "_PULL_SECONDS", 0.02)
    name = f"projects/{PROJECT}/subscriptions/line-{uuid.uuid4().hex[:12]}"
    pubsub_subscriber.create_subscription(name=name, topic=pubsub_topic)
    return line_on_pubsub(pubsub_publisher, pubsub_subscriber, pubsub_topic, name)


def line_on_pubsub(publisher, subscriber, topic, subscription):
    def heard(count):
        got = []
        while batch := pulled(subscriber, subscription):
            subscriber.acknowledge(subscription=subscription, ack_ids=[one.ack_id for one in batch])
            got += [Event.of(json.loads(one.message.data)) for one in batch]
            if len({event.id for event in got}) >= count:
                break
        return got

    return Line(bus=PubSubBus(lambda: publisher, topic), heard=heard)


def pulled(subscriber, subscription):
    """Some of what waits there; the service says that nothing does by being too late."""
    try:
        return subscriber.pull(subscription=subscription, max_messages=100, timeout=PULL_SECONDS).received_messages
    except DeadlineExceeded:
        return ()


@pytest.fixture
def pubsub_subscriptions(pubsub_publisher, pubsub_subscriber, pubsub_topic, monkeypatch):
    monkeypatch.setattr(pubsub_service, "_PULL_SECONDS", 0.02)
    return make_subscriptions(pubsub_publisher, pubsub_subscriber, pubsub_topic)


def make_subscriptions(publisher, subscriber, topic):
    """Subscriptions of two steps as infra/gcp makes them, and that of the dead letters, by step and `dead`."""
    project, unique = topic.partition("/topics/")[0], topic.rpartition("-")[2]
    dead = publisher.create_topic(name=f"{project}/topics/dead-{unique}").name
    names = {step: f"{project}/subscriptions/f-{unique}-{step}-0" for step in DASHED}
    for step, name in names.items():
        heard = [type_ for type_, steps in routes().items() if step.replace("-", "_") in steps]
        asked = {
            "name": name,
            "topic": topic,
            "filter": " OR ".join(f'attributes.type="{type_}"' for type_ in heard),
            "dead_letter_policy": {"dead_letter_topic": dead, "max_delivery_attempts": ATTEMPTS},
        }
        subscriber.create_subscription(request=asked)
    names["dead"] = f"{project}/subscriptions/f-{unique}-dead"
    subscriber.create_subscription(name=names["dead"], topic=dead)
    return names


@pytest.fixture
def pubsub_letterbox(pubsub_publisher, pubsub_subscriber, pubsub_topic, pubsub_subscriptions):
    return letterbox_on_pubsub(
        pubsub_publisher, pubsub_subscriber, pubsub_topic, pubsub_subscriptions, given_up=lambda *_: True
    )


def letterbox_on_pubsub(publisher, subscriber, topic, subscriptions, given_up):
    """A letterbox of these subscriptions; `given_up` tells of the letters and an event whether it is one after five."""

    def refuse(step):
        ids = [one.ack_id for one in pulled(subscriber, subscriptions[step])]
        if ids:
            subscriber.modify_ack_deadline(subscription=subscriptions[step], ack_ids=ids, ack_deadline_seconds=0)

    def gives_up(step, event):
        PubSubBus(lambda: publisher, topic).announce([event])
        for _ in range(ATTEMPTS):
            refuse(step.replace("_", "-"))
        until(lambda: lies_there(step, event), seconds=300, pause=0)
        delivered()

    def lies_there(step, event):
        if given_up(letters, event):
            return True
        refuse(step.replace("_", "-"))
        return False

    def delivered():
        got = []
        for step in DASHED:
            received = pulled(subscriber, subscriptions[step])
            if received:
                ids = [one.ack_id for one in received]
                subscriber.acknowledge(subscription=subscriptions[step], ack_ids=ids)
            got += [(step.replace("-", "_"), Event.of(json.loads(one.message.data))) for one in received]
        return got

    letters = PubSubDeadLetters(
        lambda: subscriber,
        lambda: publisher,
        subscription=subscriptions["dead"],
        topic=topic,
        steps=STEPS,
    )
    return Letterbox(letters=letters, gives_up=gives_up, delivered=delivered)
