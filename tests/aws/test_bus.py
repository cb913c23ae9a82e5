# SPDX-License-Identifier: Apache-2.0
"""Events on EventBridge: in full batches, and what a batch could not deliver is sent again."""

import json

import pytest

from federation.aws.bus import EventBridgeBus
from federation.core.event import Event
from federation.errors import ContractError, ServiceError

FAILED = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
ACCEPTED = {"EventId": "1"}


def event(number, padding=""):
    return Event(
        type="federation.unit.passed.v1",
        source="//test",
        subject=f"acme/embedder-v{number}",
        time="2026-11-15T05:40:00Z",
        key=str(number),
        data={"padding": padding},
    )


class ScriptedBus:
    """An EventBridge that accepts what its script says; moto accepts everything."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.batches = []

    def put_events(self, Entries):  # noqa: N803 - boto3's own name
        self.batches.append(Entries)
        entries = self.answers.pop(0) if self.answers else [ACCEPTED] * len(Entries)
        return {"FailedEntryCount": sum("ErrorCode" in entry for entry in entries), "Entries": entries}


def keys(batch):
    return [json.loads(entry["Detail"])["dedupekey"] for entry in batch]


def test_every_event_reaches_a_queue_behind_a_rule(aws_cloud):
    clients = {name: aws_cloud.client(name) for name in ("events", "sqs")}
    clients["events"].create_event_bus(Name="test")
    queue = clients["sqs"].create_queue(QueueName="heard")["QueueUrl"]
    arn = clients["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["federation"], "detail-type": ["federation.unit.passed.v1"]})
    clients["events"].put_rule(Name="passed", EventBusName="test", EventPattern=pattern)
    clients["events"].put_targets(Rule="passed", EventBusName="test", Targets=[{"Id": "1", "Arn": arn}])
    EventBridgeBus(lambda: clients["events"], "test").announce([event(1), event(2)])
    messages = clients["sqs"].receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    received = [Event.of(json.loads(message["Body"])["detail"]) for message in messages]
    assert sorted(event.key for event in received) == ["1", "2"]
    assert event(1) in received


def test_a_batch_has_at_most_ten_events_and_all_are_sent():
    service = ScriptedBus()
    EventBridgeBus(lambda: service, "test").announce([event(number) for number in range(23)])
    assert [len(batch) for batch in service.batches] == [10, 10, 3]
    assert [key for batch in service.batches for key in keys(batch)] == [str(number) for number in range(23)]


def test_batches_of_large_events_stay_within_the_size_limit():
    service = ScriptedBus()
    EventBridgeBus(lambda: service, "test").announce([event(number, "x" * 100_000) for number in range(5)])
    assert [len(batch) for batch in service.batches] == [2, 2, 1]


def test_an_event_too_large_for_a_queue_is_refused_before_any_is_sent():
    service = ScriptedBus()
    with pytest.raises(ContractError, match="a step's queue takes at most 256000; shorten its data"):
        EventBridgeBus(lambda: service, "federation").announce([event(1), event(2, "x" * 256_000)])
    assert service.batches == []
    EventBridgeBus(lambda: service, "federation").announce([event(3, "x" * 250_000)])
    assert len(service.batches) == 1


def test_only_rejected_events_are_sent_again():
    service = ScriptedBus([ACCEPTED, FAILED, ACCEPTED], [ACCEPTED])
    EventBridgeBus(lambda: service, "test").announce([event(1), event(2), event(3)])
    assert [keys(batch) for batch in service.batches] == [["1", "2", "3"], ["2"]]


def test_events_that_are_rejected_every_time_raise_with_amazons_code():
    service = ScriptedBus(*[[FAILED]] * 3)
    with pytest.raises(ServiceError, match="did not take 1 of 1 events: ThrottlingException"):
        EventBridgeBus(lambda: service, "test").announce([event(1)])


def test_a_failing_service_is_named_in_the_error(aws_cloud):
    aws_cloud.faults.refuse("PutEvents", 403, times=9)
    events = aws_cloud.client("events")
    with pytest.raises(ServiceError, match="EventBridge answered PutEvents with"):
        EventBridgeBus(lambda: events, "test").announce([event(1)])
