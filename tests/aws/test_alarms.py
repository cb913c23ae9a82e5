# SPDX-License-Identifier: Apache-2.0
"""A CloudWatch alarm found by polling is the same alarm as the one in its event."""

import re
from datetime import UTC, datetime

from infra.emulators import aws

from federation.aws.alarms import CloudWatchAlarms


def test_a_firing_alarm_has_the_same_key_as_its_event(cloudwatch_monitor):
    cloudwatch_monitor.fires("errors")
    (alarm,) = cloudwatch_monitor.alarms.firing()
    assert re.fullmatch(rf"arn:aws:cloudwatch:{aws.REGION}:{aws.ACCOUNT}:alarm:production-\w+-errors", alarm.key)
    assert alarm.labels == {"EndpointName": "production"}


def test_an_alarm_whose_actions_are_suppressed_is_not_firing():
    alarm = {"AlarmArn": "arn", "StateValue": "ALARM", "StateTransitionedTimestamp": datetime(2026, 11, 18, tzinfo=UTC)}

    class Pages:
        def get_paginator(self, name):
            assert name == "describe_alarms"
            return self

        def paginate(self, **_arguments):
            return [{"CompositeAlarms": [{**alarm, "ActionsSuppressedBy": "Alarm"}, {**alarm, "AlarmArn": "other"}]}]

    assert [firing.key for firing in CloudWatchAlarms(Pages, "").firing()] == ["other"]


def test_an_alarm_over_logs_is_found_like_any_other():
    alarm = {"AlarmArn": "arn", "StateValue": "ALARM", "StateUpdatedTimestamp": datetime(2026, 11, 18, tzinfo=UTC)}

    class Pages:
        def get_paginator(self, name):
            assert name == "describe_alarms"
            return self

        def paginate(self, *, AlarmTypes, StateValue):  # noqa: N803 - the service's own words
            assert StateValue == "ALARM"
            return [{"LogAlarms": [alarm]}] if "LogAlarm" in AlarmTypes else []

    assert [firing.key for firing in CloudWatchAlarms(Pages, "").firing()] == ["arn"]
