# SPDX-License-Identifier: Apache-2.0
"""How is a home on AWS deployed to the imitation? With the same bus, rules, queues and functions as in infra/aws."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from infra.emulators.aws import ACCOUNT, REGION, Cloud
from infra.emulators.event_source import EventSource
from infra.emulators.lambda_service import LambdaService

from federation.aws.dead_letters import SqsDeadLetters
from federation.runtime import routes
from federation.steps import STEPS

BUS: Final = "federation"
STORE_BUCKET: Final = "federation-home"
RECEIVES: Final = 5
"""Deliveries of an event before it goes to the dead-letter queue; infra/aws has more."""


class AwsHome:
    """Functions behind their queues; `settle` does what Lambda's pollers do continuously."""

    def __init__(self, cloud: Cloud, service: LambdaService) -> None:
        self._sqs = cloud.client("sqs")
        self._events = cloud.client("events")
        self._service = service
        self._urls: dict[str, str] = {}
        self._sources: list[EventSource] = []
        cloud.client("s3").create_bucket(Bucket=STORE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self._events.create_event_bus(Name=BUS)
        for name in ("receive", *STEPS):
            self._function(name)
        for step in STEPS:
            self._rule(step, [type_ for type_, hearing in routes().items() if step in hearing])

    def tell(self, envelope: bytes) -> None:
        """Let EventBridge's default bus deliver a service's event to the queue of `receive`."""
        self._sqs.send_message(QueueUrl=self._urls["receive"], MessageBody=envelope.decode())

    def settle(self) -> None:
        """Deliver until every queue is empty or contains only messages that keep failing."""
        while sum(source.poll() for source in self._sources):
            pass

    @property
    def letters(self) -> SqsDeadLetters:
        """The dead letters."""
        return SqsDeadLetters(lambda: self._sqs, "federation-", ("receive", *STEPS), seconds=0)

    def _function(self, name: str) -> None:
        self._service.create(name, f"lambda_function.{name}")
        self._queue(f"{name}-dead", {})
        redrive = {"deadLetterTargetArn": _queue_arn(f"{name}-dead"), "maxReceiveCount": RECEIVES}
        self._queue(name, {"RedrivePolicy": json.dumps(redrive)})
        function = self._service[name]
        self._sources.append(EventSource(self._sqs, self._urls[name], _queue_arn(name), function.invoke))

    def _queue(self, name: str, attributes: Mapping[str, str]) -> None:
        made = self._sqs.create_queue(QueueName=f"federation-{name}", Attributes=dict(attributes))
        self._urls[name] = made["QueueUrl"]

    def _rule(self, step: str, types: Sequence[str]) -> None:
        pattern = {"source": ["federation"], "detail-type": types}
        self._events.put_rule(Name=step, EventBusName=BUS, EventPattern=json.dumps(pattern))
        self._events.put_targets(Rule=step, EventBusName=BUS, Targets=[{"Id": step, "Arn": _queue_arn(step)}])


def _queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:federation-{name}"
