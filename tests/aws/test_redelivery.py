# SPDX-License-Identifier: Apache-2.0
"""A message that a function failed on is received again within seconds, and later with each attempt."""

import time
import uuid

import pytest
from infra.emulators import aws

from federation.aws.redelivery import SqsRedelivery


@pytest.fixture
def sqs(aws_cloud):
    return aws_cloud.client("sqs")


@pytest.fixture
def queue(sqs):
    """The name and URL of a queue with a visibility timeout of an hour."""
    name = f"federation-{uuid.uuid4().hex[:12]}"
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    return name, url


def record_of(sqs, queue, attempts):
    """The message as a function of Lambda gets it at one of its attempts."""
    name, url = queue
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    return {
        "receiptHandle": message["ReceiptHandle"],
        "attributes": {"ApproximateReceiveCount": str(attempts)},
        "eventSourceARN": f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:{name}",
    }


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (5, 80), (7, 300), (10**6, 300)])
def test_the_delay_doubles_with_each_attempt_up_to_five_minutes(sqs, queue, aws_cloud, attempts, seconds):
    requests = []
    sqs.meta.events.register(
        "before-parameter-build.sqs.ChangeMessageVisibility", lambda params, **_: requests.append(dict(params))
    )
    SqsRedelivery(lambda: sqs).hasten(record_of(sqs, queue, attempts))
    assert [(request["QueueUrl"].rpartition("/")[2], request["VisibilityTimeout"]) for request in requests] == [
        (queue[0], seconds)
    ]
    assert aws_cloud.faults.calls[-1] == "ChangeMessageVisibility"


def test_a_failed_message_returns_long_before_the_queues_timeout(sqs, queue):
    record, started = record_of(sqs, queue, 1), time.monotonic()
    SqsRedelivery(lambda: sqs).hasten(record)
    while not sqs.receive_message(QueueUrl=queue[1], WaitTimeSeconds=1).get("Messages"):
        assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("damage", "requested"),
    [
        ({"eventSourceARN": "queue"}, False),
        ({"eventSourceARN": None}, False),
        ({"attributes": None}, True),
        ({"attributes": {"ApproximateReceiveCount": "often"}}, True),
    ],
    ids=["no ARN", "null", "no attributes", "no number"],
)
def test_a_damaged_record_is_hastened_if_its_queue_is_known_and_left_alone_otherwise(
    sqs, queue, aws_cloud, damage, requested
):
    """It is one that failed: what it contains may be anything, and it must stop no other one."""
    record = record_of(sqs, queue, 1)
    SqsRedelivery(lambda: sqs).hasten({**record, **damage})
    assert (aws_cloud.faults.calls[-1] == "ChangeMessageVisibility") is requested


def test_when_sqs_refuses_the_message_waits_for_the_queues_timeout(sqs, queue, aws_cloud, caplog):
    record = record_of(sqs, queue, 1)
    aws_cloud.faults.refuse("ChangeMessageVisibility", 400)
    SqsRedelivery(lambda: sqs).hasten(record)
    assert "waits for its queue's visibility timeout" in caplog.text
