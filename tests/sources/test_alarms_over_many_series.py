# SPDX-License-Identifier: Apache-2.0
"""What does a CloudWatch alarm say that watches many series at once, of which each notifies too?

Actions run for the alarm and for each of its contributors:
docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Acting_Alarm_Changes.html; the members are those of the pages on
log alarms (2026) and on EventBridge.
"""

import json
from typing import Any

import pytest
from tests.sources.cases import TRUST

from federation.sources import Request, Signal, read
from federation.sources.entry import of_invocation

ARN = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:EndpointLatency"
AT = "2026-06-10T12:20:15.000+0000"
SERIES = {"EndpointName": "churn-prod"}


def by_topic(state: str, **members: Any) -> Any:
    message = {
        "AlarmName": "EndpointLatency",
        "AlarmArn": ARN,
        "NewStateValue": state,
        "StateChangeTime": AT,
        **members,
    }
    topic = "arn:aws:sns:eu-west-1:111122223333:slo"
    notification = {"Type": "Notification", "TopicArn": topic, "Message": json.dumps(message)}
    return {"Records": [{"EventSource": "aws:sns", "Sns": notification}]}


def by_action(state: str, **members: Any) -> Any:
    data = {"alarmName": "EndpointLatency", "state": {"value": state, "timestamp": AT}, **members}
    return {"source": "aws.cloudwatch", "alarmArn": ARN, "accountId": "111122223333", "time": AT, "alarmData": data}


def heard(payload: Any) -> Signal:
    return told_by(payload)[0]


def told_by(payload: Any) -> tuple[Signal, str]:
    reading = read(Request(entry=of_invocation(payload), body=json.dumps(payload).encode()), TRUST)
    assert (reading.verdict, reading.error) == ("ignore", None)
    assert reading.signal is not None
    return reading.signal, reading.why


ONE = [
    (by_topic, {"AlarmContributorId": "a1b2c3d4e5f6g7h8", "AlarmContributorAttributes": SERIES}),
    (by_action, {"alarmContributor": {"id": "6d442278dba546f6", "attributes": SERIES}}),
]


@pytest.mark.parametrize(("told", "of_one"), ONE, ids=["a topic", "an action"])
def test_the_alarm_fires_with_any_of_its_series_and_says_with_which(told: Any, of_one: dict[str, Any]):
    signal = heard(told("ALARM", **of_one))
    assert (signal.verdict, signal.state, signal.key) == ("accept", "firing", ARN)
    assert signal.labels == SERIES


@pytest.mark.parametrize(("told", "of_one"), ONE, ids=["a topic", "an action"])
def test_one_series_that_recovers_is_not_the_alarm_that_recovers(told: Any, of_one: dict[str, Any]):
    assert (heard(told("OK", **of_one)).verdict, heard(told("OK", **of_one)).state) == ("ignore", "unknown")
    assert "recovers only as a whole" in told_by(told("OK", **of_one))[1]
    assert "has recovered" not in told_by(told("OK", **of_one))[1]
    assert (heard(told("OK")).verdict, heard(told("OK")).state) == ("accept", "resolved")
