# SPDX-License-Identifier: Apache-2.0
"""A message on which a function failed is received again within seconds, and ever later."""

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
    """A queue that hides what was received for an hour; its name and URL."""
    name = f"federation-{uuid.uuid4().hex[:12]}"
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    return name, url


def received(sqs, queue, attempts):
    """The message as Lambda hands it to a function at one of its attempts."""
    name, url = queue
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    return {
        "receiptHandle": message["ReceiptHandle"],
        "attributes": {"ApproximateReceiveCount": str(attempts)},
        "eventSourceARN": f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:{name}",
    }


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 5), (2, 10), (5, 80), (7, 300), (10**6, 300)])
def test_the_time_doubles_with_each_attempt_up_to_five_minutes(sqs, queue, aws_cloud, attempts, seconds):
    told = []
    sqs.meta.events.register(
        "before-parameter-build.sqs.ChangeMessageVisibility", lambda params, **_: told.append(dict(params))
    )
    SqsRedelivery(lambda: sqs).hasten(received(sqs, queue, attempts))
    assert [(one["QueueUrl"].rpartition("/")[2], one["VisibilityTimeout"]) for one in told] == [(queue[0], seconds)]
    assert aws_cloud.faults.calls[-1] == "ChangeMessageVisibility"


def test_what_failed_once_is_there_again_long_before_the_queues_timeout(sqs, queue):
    record, began = received(sqs, queue, 1), time.monotonic()
    SqsRedelivery(lambda: sqs).hasten(record)
    while not sqs.receive_message(QueueUrl=queue[1], WaitTimeSeconds=1).get("Messages"):
        assert time.monotonic() - began < 30


def test_where_sqs_refuses_the_message_waits_and_nothing_else_happens(sqs, queue, aws_cloud, caplog):
    record = received(sqs, queue, 1)
    aws_cloud.faults.refuse("ChangeMessageVisibility", 400)
    SqsRedelivery(lambda: sqs).hasten(record)
    assert "waits for its queue's visibility timeout" in caplog.text
