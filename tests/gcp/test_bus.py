# SPDX-License-Identifier: Apache-2.0
"""What is announced is on the topic when announcing returns, in the order of each subject."""

import json
import uuid

import pytest

from federation.core.event import Event
from federation.errors import ContractError, ServiceError
from federation.gcp.bus import PubSubBus


def event(number, subject="s", **data):
    return Event(
        type="federation.tick.merge.v1",
        source="//test",
        subject=subject,
        time="2026-01-05T08:00:00Z",
        key=str(number),
        data=data,
    )


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def bus(pubsub_publisher, pubsub_topic, pauses):
    return PubSubBus(lambda: pubsub_publisher, pubsub_topic, pause=pauses.append)


@pytest.fixture
def heard(pubsub_serving, pubsub_topic):
    """Every message that the topic has taken, in the order in which it took them."""
    taken = []
    publish = pubsub_serving.topics.publish

    def recorded(topic, messages):
        ids = publish(topic, messages)
        taken.extend(messages if topic == pubsub_topic else ())
        return ids

    pubsub_serving.topics.publish = recorded
    yield taken
    del pubsub_serving.topics.publish


@pytest.fixture
def faults(pubsub_serving, pubsub_topic):
    yield pubsub_serving.faults
    pubsub_serving.faults.forget()


def keys(messages):
    return [json.loads(message.data)["dedupekey"] for message in messages]


def test_an_event_is_one_cloudevents_message_that_subscriptions_can_filter(bus, heard):
    announced = event(1, subject="release-v1", why="it passed")
    bus.announce([announced])
    (message,) = heard
    assert json.loads(message.data) == announced.document()
    assert message.ordering_key == "release-v1"
    assert dict(message.attributes) == {"type": announced.type, "id": announced.id, "subject": "release-v1"}


def test_nothing_to_announce_is_no_call(bus, faults):
    bus.announce([])
    assert faults.calls == []


def test_many_events_keep_the_order_of_each_subject(bus, heard):
    bus.announce([event(number, subject=f"s{number % 3}") for number in range(60)])
    assert sorted(keys(heard), key=int) == [str(number) for number in range(60)]
    for subject in range(3):
        mine = [message for message in heard if message.ordering_key == f"s{subject}"]
        assert keys(mine) == [str(number) for number in range(subject, 60, 3)]


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_what_fails_in_passing_is_published_again_and_in_order(bus, heard, faults, pauses, status):
    faults.refuse("Publish", status, times=2)
    bus.announce([event(1), event(2), event(3, subject="other")])
    assert keys([message for message in heard if message.ordering_key == "s"]) == ["1", "2"]
    assert len(heard) == 3
    assert pauses[0] == 0.1


def test_an_answer_that_is_lost_brings_the_event_twice_and_never_not_at_all(bus, heard, faults):
    faults.lose("Publish")
    bus.announce([event(1)])
    assert keys(heard) == ["1", "1"]


def test_a_topic_that_takes_nothing_is_named_and_the_subject_is_free_again(bus, heard, faults, pauses):
    faults.refuse("Publish", 503, times=50)
    with pytest.raises(ServiceError, match=r"Pub/Sub did not take 2 of 2 events on projects/.*: 503"):
        bus.announce([event(1), event(2)])
    assert pauses == pytest.approx([0.1, 0.2, 0.4])
    faults.forget()
    bus.announce([event(3)])
    assert keys(heard) == ["3"]


class Silent:
    """A publisher, and a future, that never hear anything."""

    def publish(self, *_, **__):
        return self

    def resume_publish(self, *_):
        raise RuntimeError("Ordering key is not paused.")

    def exception(self, timeout):
        raise TimeoutError


def test_a_publisher_that_says_nothing_is_waited_for_only_so_long(pauses):
    with pytest.raises(ServiceError, match="1 of 1 events on projects/p/topics/t: TimeoutError"):
        PubSubBus(Silent, "projects/p/topics/t", pause=pauses.append).announce([event(1)])
    assert len(pauses) == 3


def test_a_refusal_is_not_repeated(bus, faults, pauses):
    faults.refuse("Publish", 403)
    with pytest.raises(ServiceError, match="403"):
        bus.announce([event(1)])
    assert (faults.calls, pauses) == (["Publish"], [])


def test_a_topic_that_is_not_there_is_a_failure_of_the_service(pubsub_publisher):
    bus = PubSubBus(lambda: pubsub_publisher, f"projects/acme-ml-prod/topics/none-{uuid.uuid4().hex}")
    with pytest.raises(ServiceError, match="404"):
        bus.announce([event(1)])


def test_one_event_that_is_too_large_is_refused_before_any_is_sent(bus, faults):
    with pytest.raises(ContractError, match="shorten its data"):
        bus.announce([event(1), event(2, text="x" * 10_000_000)])
    assert faults.calls == []


def test_a_subject_longer_than_an_ordering_key_is_cut_and_whole_in_the_event(bus, heard):
    subject = "ü" * 600
    bus.announce([event(1, subject=subject)])
    assert heard[0].ordering_key == "ü" * 512
    assert json.loads(heard[0].data)["subject"] == subject
