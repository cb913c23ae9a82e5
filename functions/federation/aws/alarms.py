# SPDX-License-Identifier: Apache-2.0
"""CloudWatch alarms, polled: an alarm that fires before a release begins to serve sends no event about it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from federation.aws.calls import service_call
from federation.core import instant
from federation.ports import Firing

_LIST_NAMES: Final = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}
"""By alarm type, the name of its list in DescribeAlarms' answer. The answer has only the types in the request."""


class CloudWatchAlarms:
    """The alarms of every type whose names begin with a prefix."""

    def __init__(self, cloudwatch: Callable[[], Any], prefix: str) -> None:
        self._cloudwatch = cloudwatch
        self._prefix = prefix

    def firing(self) -> Sequence[Firing]:
        """Every alarm in state ALARM that no other alarm suppresses. Its start is the same as in its event.

        The answer does not say which alarms a rule mutes, so a muted alarm counts.
        """
        request = {"StateValue": "ALARM", "AlarmTypes": list(_LIST_NAMES)}
        name_prefix = {"AlarmNamePrefix": self._prefix} if self._prefix else {}
        with service_call("CloudWatch", "DescribeAlarms"):
            pages = self._cloudwatch().get_paginator("describe_alarms").paginate(**request, **name_prefix)
            alarms = [alarm for page in pages for alarm in _alarms_in(page)]
        return [
            _firing(alarm)
            for alarm in alarms
            if alarm["StateValue"] == "ALARM" and not alarm.get("ActionsSuppressedBy")
        ]


def _alarms_in(page: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [alarm for list_ in _LIST_NAMES.values() for alarm in page.get(list_, ())]


def _firing(alarm: Mapping[str, Any]) -> Firing:
    """StateTransitionedTimestamp is when the state changed; StateUpdatedTimestamp may be a later evaluation."""
    since = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
    labels = {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions", ())}
    at = instant.text(since.astimezone(UTC))
    return Firing(key=alarm["AlarmArn"], at=at, labels=labels, name=alarm.get("AlarmName", ""))
