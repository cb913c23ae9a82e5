# SPDX-License-Identifier: Apache-2.0
"""Announced events are on the topic when announcing returns, in order for each subject."""

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
def published(pubsub_serving, pubsub_topic):
    """Every message that the topic has accepted, in order of acceptance."""
    accepted = []
    publish = pubsub_serving.topics.publish

    def record(topic, messages):
        ids = publish(topic, messages)
        accepted.extend(messages if topic == pubsub_topic else ())
        return ids

    pubsub_serving.topics.publish = record
    yield accepted
    del pubsub_serving.topics.publish


@pytest.fixture
def faults(pubsub_serving, pubsub_topic):
    yield pubsub_serving.faults
    pubsub_serving.faults.forget()


def keys(messages):
    return [json.loads(message.data)["dedupekey"] for message in messages]


def test_an_event_is_one_message_with_attributes_to_filter_by(bus, published):
    event_ = event(1, subject="release-v1", why="it passed")
    bus.announce([event_])
    (message,) = published
    assert json.loads(message.data) == event_.document()
    assert message.ordering_key == "release-v1"
    assert dict(message.attributes) == {"type": event_.type, "id": event_.id, "subject": "release-v1"}


def test_announcing_nothing_makes_no_call(bus, faults):
    bus.announce([])
    assert faults.calls == []


def test_many_events_keep_the_order_of_each_subject(bus, published):
    bus.announce([event(number, subject=f"s{number % 3}") for number in range(60)])
    assert sorted(keys(published), key=int) == [str(number) for number in range(60)]
    for subject in range(3):
        of_subject = [message for message in published if message.ordering_key == f"s{subject}"]
        assert keys(of_subject) == [str(number) for number in range(subject, 60, 3)]


@pytest.mark.parametrize("status", [429, 500, 503, 504])
def test_a_passing_failure_is_retried_in_order(bus, published, faults, pauses, status):
    faults.refuse("Publish", status, times=2)
    bus.announce([event(1), event(2), event(3, subject="other")])
    assert keys([message for message in published if message.ordering_key == "s"]) == ["1", "2"]
    assert len(published) == 3
    assert pauses[0] == 0.1


def test_a_lost_answer_delivers_an_event_twice_but_never_loses_it(bus, published, faults):
    faults.lose("Publish")
    bus.announce([event(1)])
    assert keys(published) == ["1", "1"]


def test_after_a_failed_publish_the_subject_can_be_published_again(bus, published, faults, pauses):
    faults.refuse("Publish", 503, times=50)
    with pytest.raises(ServiceError, match=r"Pub/Sub did not take 2 of 2 events on projects/.*: 503"):
        bus.announce([event(1), event(2)])
    assert pauses == pytest.approx([0.1, 0.2, 0.4])
    faults.forget()
    bus.announce([event(3)])
    assert keys(published) == ["3"]


class SilentPublisher:
    """A publisher and a future that never get an answer."""

    def publish(self, *_, **__):
        return self

    def resume_publish(self, *_):
        raise RuntimeError("Ordering key is not paused.")

    def exception(self, timeout):
        raise TimeoutError


def test_waiting_for_a_silent_publisher_ends(pauses):
    with pytest.raises(ServiceError, match="1 of 1 events on projects/p/topics/t: TimeoutError"):
        PubSubBus(SilentPublisher, "projects/p/topics/t", pause=pauses.append).announce([event(1)])
    assert len(pauses) == 3


def test_a_refusal_is_not_repeated(bus, faults, pauses):
    faults.refuse("Publish", 403)
    with pytest.raises(ServiceError, match="403"):
        bus.announce([event(1)])
    assert (faults.calls, pauses) == (["Publish"], [])


def test_a_missing_topic_is_a_failure_of_the_service(pubsub_publisher):
    bus = PubSubBus(lambda: pubsub_publisher, f"projects/acme-ml-prod/topics/none-{uuid.uuid4().hex}")
    with pytest.raises(ServiceError, match="404"):
        bus.announce([event(1)])


def test_an_event_that_is_too_large_is_refused_before_any_is_sent(bus, faults):
    with pytest.raises(ContractError, match="shorten its data"):
        bus.announce([event(1), event(2, text="x" * 10_000_000)])
    assert faults.calls == []


def test_a_long_subject_is_cut_in_the_ordering_key_only(bus, published):
    subject = "ü" * 600
    bus.announce([event(1, subject=subject)])
    assert published[0].ordering_key == "ü" * 512
    assert json.loads(published[0].data)["subject"] == subject
