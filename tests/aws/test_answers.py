# SPDX-License-Identifier: Apache-2.0
"""botocore accepts half an answer, and a proxy's page: unless both are detected, a firing alarm would be missed."""

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
    with proxied(aws_cloud.endpoint) as proxy:
        for name, value in {**aws_cloud.environment, "AWS_ENDPOINT_URL": proxy.endpoint}.items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def calls(aws_cloud, proxy):
    """One call of each of four services, through the proxy."""
    aws_cloud.client("sqs").create_queue(QueueName="behind-gate-dead")
    clients = Clients()
    return {
        "alarms": CloudWatchAlarms(clients.of("cloudwatch"), "").firing,
        "bus": lambda: EventBridgeBus(clients.of("events"), "default").announce([EVENT]),
        "jobs": SageMakerTrainer(clients.of("sagemaker"), "").finished,
        "letters": SqsDeadLetters(clients.of("sqs"), "behind-", ["gate"], seconds=0).list,
    }


@pytest.mark.parametrize("service", ["alarms", "bus", "jobs", "letters"])
def test_a_cut_answer_or_a_page_of_a_proxy_is_a_failure_of_the_service(calls, proxy, service):
    calls[service]()
    proxy.cut()
    with pytest.raises(ServiceError, match=r"with only \d+ of \d+ bytes before the connection ended"):
        calls[service]()
    proxy.interfere()
    with pytest.raises(ServiceError, match="a page of HTML, which comes from a proxy in between"):
        calls[service]()
    proxy.hand_on()
    calls[service]()
