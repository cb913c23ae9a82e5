# SPDX-License-Identifier: Apache-2.0
"""An alarm of CloudWatch that is asked for is the alarm that its event tells of."""

from datetime import UTC, datetime

from infra.emulators import aws

from federation.aws.alarms import CloudWatchAlarms


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
