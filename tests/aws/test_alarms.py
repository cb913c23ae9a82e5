# SPDX-License-Identifier: Apache-2.0
"""An alarm of CloudWatch that is asked for is the alarm that its event tells of."""

import re
from datetime import UTC, datetime

from infra.emulators import aws

from federation.aws.alarms import CloudWatchAlarms


def test_an_alarm_that_fires_is_told_with_the_key_of_its_event(cloudwatch_monitor):
    cloudwatch_monitor.fires("errors")
    (firing,) = cloudwatch_monitor.alarms.firing()
    assert re.fullmatch(rf"arn:aws:cloudwatch:{aws.REGION}:{aws.ACCOUNT}:alarm:production-\w+-errors", firing.key)
    assert firing.labels == {"EndpointName": "production"}


def test_an_alarm_that_another_suppresses_is_no_reason_to_leave_a_release():
    told = {"AlarmArn": "arn", "StateValue": "ALARM", "StateTransitionedTimestamp": datetime(2026, 11, 18, tzinfo=UTC)}

    class Pages:
        def get_paginator(self, name):
            assert name == "describe_alarms"
            return self

        def paginate(self, **asked):
            return [{"CompositeAlarms": [{**told, "ActionsSuppressedBy": "Alarm"}, {**told, "AlarmArn": "other"}]}]

    assert [one.key for one in CloudWatchAlarms(Pages, "").firing()] == ["other"]


def test_an_alarm_over_logs_is_asked_for_like_any_other():
    told = {"AlarmArn": "arn", "StateValue": "ALARM", "StateUpdatedTimestamp": datetime(2026, 11, 18, tzinfo=UTC)}

    class Pages:
        def get_paginator(self, name):
            assert name == "describe_alarms"
            return self

        def paginate(self, *, AlarmTypes, StateValue):  # noqa: N803 - the service's own words
            assert StateValue == "ALARM"
            return [{"LogAlarms": [told]}] if "LogAlarm" in AlarmTypes else []

    assert [one.key for one in CloudWatchAlarms(Pages, "").firing()] == ["arn"]
