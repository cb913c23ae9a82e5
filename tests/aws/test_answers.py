# SPDX-License-Identifier: Apache-2.0
"""botocore believes half an answer, and a page in its place: without a look at both, an alarm that fires would be none."""

import pytest
from infra.emulators.proxy import proxied

from federation.aws.alarms import CloudWatchAlarms
from federation.aws.bus import EventBridgeBus
from federation.aws.clients import Clients
from federation.aws.dead_letters import SqsDeadLetters
from federation.aws.trainer import SageMakerTrainer
from federation.core.event import Event
from federation.errors import ServiceError

EVENT = Event(type="federation.x.v1", source="//test", subject="x", time="2026-11-15T00:00:00Z", key="x", data={})


@pytest.fixture
def proxy(aws_cloud, monkeypatch):
    with proxied(aws_cloud.endpoint) as standing:
        for name, value in {**aws_cloud.environment, "AWS_ENDPOINT_URL": standing.endpoint}.items():
            monkeypatch.setenv(name, value)
        yield standing


@pytest.fixture
def adapters(aws_cloud, proxy):
    """What is asked of four services through the proxy."""
    aws_cloud.client("sqs").create_queue(QueueName="behind-gate-dead")
    clients = Clients()
    return {
        "alarms": CloudWatchAlarms(clients.of("cloudwatch"), "").firing,
        "bus": lambda: EventBridgeBus(clients.of("events"), "default").announce([EVENT]),
        "jobs": SageMakerTrainer(clients.of("sagemaker"), "").finished,
        "letters": SqsDeadLetters(clients.of("sqs"), "behind-", ["gate"], seconds=0).list,
    }


@pytest.mark.parametrize("asked", ["alarms", "bus", "jobs", "letters"])
def test_what_is_not_whole_or_not_from_aws_is_a_failure_of_the_service(adapters, proxy, asked):
    adapters[asked]()
    proxy.cut()
    with pytest.raises(ServiceError, match=r"with only \d+ of \d+ bytes before the connection ended"):
        adapters[asked]()
    proxy.interfere()
    with pytest.raises(ServiceError, match="a page of HTML, which comes from a proxy in between"):
        adapters[asked]()
    proxy.hand_on()
    adapters[asked]()
