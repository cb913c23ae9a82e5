# SPDX-License-Identifier: Apache-2.0
"""Events on EventBridge: whole batches, and again what of a batch was not taken."""

import json

import pytest

from federation.aws.bus import EventBridgeBus
from federation.core.event import Event
from federation.errors import ContractError, ServiceError

FAILED = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
TAKEN = {"EventId": "1"}


def event(number, padding=""):
    return Event(
        type="federation.unit.passed.v1",
        source="//test",
        subject=f"acme/embedder-v{number}",
        time="2026-11-15T05:40:00Z",
        key=str(number),
        data={"padding": padding},
    )


class Answering:
    """An EventBridge that takes what its script says; moto takes everything."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.batches = []

    def put_events(self, Entries):  # noqa: N803 - boto3's own name
        self.batches.append(Entries)
        told = self.answers.pop(0) if self.answers else [TAKEN] * len(Entries)
        return {"FailedEntryCount": sum("ErrorCode" in one for one in told), "Entries": told}


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
    found = clients["sqs"].receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    heard = [Event.of(json.loads(one["Body"])["detail"]) for one in found]
    assert sorted(one.key for one in heard) == ["1", "2"]
    assert event(1) in heard


def test_no_more_than_ten_go_at_once_and_none_is_left_out():
    service = Answering()
    EventBridgeBus(lambda: service, "test").announce([event(number) for number in range(23)])
    assert [len(batch) for batch in service.batches] == [10, 10, 3]
    assert [key for batch in service.batches for key in keys(batch)] == [str(number) for number in range(23)]


def test_large_events_go_in_batches_that_fit():
    service = Answering()
    EventBridgeBus(lambda: service, "test").announce([event(number, "x" * 100_000) for number in range(5)])
    assert [len(batch) for batch in service.batches] == [2, 2, 1]


def test_an_event_that_no_queue_behind_the_bus_could_hold_is_refused_before_any_is_sent():
    client = Answering()
    with pytest.raises(ContractError, match="a step's queue takes at most 256000; shorten its data"):
        EventBridgeBus(lambda: client, "federation").announce([event(1), event(2, "x" * 256_000)])
    assert client.batches == []
    EventBridgeBus(lambda: client, "federation").announce([event(3, "x" * 250_000)])
    assert len(client.batches) == 1


def test_only_what_was_not_taken_is_put_again():
    service = Answering([TAKEN, FAILED, TAKEN], [TAKEN])
    EventBridgeBus(lambda: service, "test").announce([event(1), event(2), event(3)])
    assert [keys(batch) for batch in service.batches] == [["1", "2", "3"], ["2"]]


def test_what_is_never_taken_is_told_with_amazons_own_code():
    service = Answering(*[[FAILED]] * 3)
    with pytest.raises(ServiceError, match="did not take 1 of 1 events: ThrottlingException"):
        EventBridgeBus(lambda: service, "test").announce([event(1)])


def test_a_service_that_fails_is_named(aws_cloud):
    aws_cloud.faults.refuse("PutEvents", 403, times=9)
    events = aws_cloud.client("events")
    with pytest.raises(ServiceError, match="EventBridge answered PutEvents with"):
        EventBridgeBus(lambda: events, "test").announce([event(1)])
