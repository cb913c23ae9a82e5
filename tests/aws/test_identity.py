"""Clients that assume a role with somebody else's token, alarms that fire already."""

from datetime import UTC, datetime

import pytest
from infra.emulators import aws

from federation.aws.alarms import CloudWatchAlarms
from federation.aws.clients import Clients

ROLE = f"arn:aws:iam::{aws.ACCOUNT}:role/federation-relay"


@pytest.fixture
def environment(aws_cloud, monkeypatch):
    for name, value in aws_cloud.environment.items():
        monkeypatch.setenv(name, value)
    return aws_cloud


def test_a_foreign_function_assumes_a_role_with_a_fresh_token_and_no_key(environment, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    asked = []

    def token():
        asked.append("token")
        return "header.claims.signature"

    clients = Clients(token=token, role=ROLE, region=aws.REGION)
    events = clients.of("events")
    assert asked == []
    events().create_event_bus(Name="visited")
    assert asked == ["token"]
    assert events() is clients.client("events")
    assert environment.faults.calls.count("AssumeRoleWithWebIdentity") == 1


def test_an_alarm_that_fires_is_told_with_the_key_of_its_event(aws_cloud):
    cloudwatch = aws_cloud.client("cloudwatch")
    for name, state in (("production-errors", "ALARM"), ("production-latency", "OK"), ("staging-errors", "ALARM")):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Dimensions=[{"Name": "EndpointName", "Value": "production"}],
            Period=60,
            EvaluationPeriods=1,
            Threshold=10,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test says so")
    (firing,) = CloudWatchAlarms(lambda: cloudwatch, "production-").firing()
    assert firing.key == f"arn:aws:cloudwatch:{aws.REGION}:{aws.ACCOUNT}:alarm:production-errors"
    assert firing.labels == {"EndpointName": "production"}
    assert firing.at.endswith("Z")


def test_an_alarm_that_another_suppresses_is_no_reason_to_leave_a_release():
    told = {"AlarmArn": "arn", "StateValue": "ALARM", "StateTransitionedTimestamp": datetime(2026, 11, 18, tzinfo=UTC)}

    class Pages:
        def get_paginator(self, name):
            assert name == "describe_alarms"
            return self

        def paginate(self, **asked):
            return [{"CompositeAlarms": [{**told, "ActionsSuppressedBy": "Alarm"}, {**told, "AlarmArn": "other"}]}]

    assert [one.key for one in CloudWatchAlarms(Pages, "").firing()] == ["other"]
