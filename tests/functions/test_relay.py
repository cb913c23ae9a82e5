# SPDX-License-Identifier: Apache-2.0
"""A door on a cloud that is not home passes on what home's own door would have told: the same event under the same key."""

import json

import pytest
from infra.emulators import clouds as every_cloud
from infra.emulators.aws_home import BUS
from infra.emulators.clouds import ROLE
from infra.emulators.doors import posted
from infra.emulators.framework import running as serving_functions
from infra.emulators.gcp_home import clients
from infra.emulators.lambda_service import running as lambda_running
from tests.functions.test_main import FUNCTIONS, TOPIC
from tests.ports.backends_pubsub import line_on_pubsub

from federation.core.event import Event
from federation.demo import wire_hub

SHA = "0123456789abcdef0123456789abcdef01234567"
PUSH = wire_hub.push("adapters", SHA)
KEY = f"hf|{json.loads(PUSH.body)['repo']['id']}|refs/heads/main|{SHA}"
SUBSCRIPTION = TOPIC.replace("/topics/", "/subscriptions/")


@pytest.fixture(scope="module")
def clouds():
    with every_cloud.serving() as serving:
        yield serving


def test_a_door_on_aws_keeps_the_senders_key_for_a_home_on_google(clouds):
    publisher, subscriber = clients(clouds.pubsub)
    publisher.create_topic(name=TOPIC)
    subscriber.create_subscription(name=SUBSCRIPTION, topic=TOPIC)
    heard = line_on_pubsub(publisher, subscriber, TOPIC, SUBSCRIPTION).heard
    with lambda_running(FUNCTIONS, clouds.environment(home="gcp", bus=TOPIC)) as service:
        service.create("receive", "lambda_function.receive")
        for _ in range(2):
            assert service.request("receive", "/hub", PUSH.body, PUSH.headers).status == 202
            assert_told(heard(1))
    subscriber.close()


def test_a_door_on_google_keeps_the_senders_key_for_a_home_on_aws(clouds):
    sqs, events = clouds.aws.client("sqs"), clouds.aws.client("events")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name=BUS)
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["federation"]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "1", "Arn": arn}])
    environment = clouds.environment(home="aws", bus=BUS, relay_role=ROLE, relay_audience="federation")
    with serving_functions({"receive": environment}, FUNCTIONS / "main.py") as functions:
        for _ in range(2):
            assert posted(f"{functions['receive'].url}/hub", PUSH.body, PUSH.headers) == 202
            got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
            for one in got:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
            assert_told([Event.of(json.loads(one["Body"])["detail"]) for one in got])


def assert_told(events):
    (told,) = events
    assert (told.type, told.key) == ("federation.artifact.completed.v1", KEY)
    assert told.data["revision"] == SHA
