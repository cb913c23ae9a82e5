# SPDX-License-Identifier: Apache-2.0
"""CloudWatch alarms, polled, since an alarm that is already firing when a release begins sends no event about it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from federation.aws.calls import service_call
from federation.core import instant
from federation.ports import Firing

_LISTS: Final = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}
"""The list in DescribeAlarms' answer that contains each type; only the types that are asked for are in the answer."""


class CloudWatchAlarms:
    """The alarms of every type whose names begin with a prefix."""

    def __init__(self, cloudwatch: Callable[[], Any], prefix: str) -> None:
        self._cloudwatch = cloudwatch
        self._prefix = prefix

    def firing(self) -> Sequence[Firing]:
        """Every alarm in state ALARM that no other alarm suppresses, with the same start as in the alarm's event.

        The answer does not say which alarms a rule mutes, so a muted alarm counts.
        """
        asked = {"StateValue": "ALARM", "AlarmTypes": list(_LISTS)}
        named = {"AlarmNamePrefix": self._prefix} if self._prefix else {}
        with service_call("CloudWatch", "DescribeAlarms"):
            pages = self._cloudwatch().get_paginator("describe_alarms").paginate(**asked, **named)
            alarms = [alarm for page in pages for alarm in _in(page)]
        return [_firing(one) for one in alarms if one["StateValue"] == "ALARM" and not one.get("ActionsSuppressedBy")]


def _in(page: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [alarm for list_ in _LISTS.values() for alarm in page.get(list_, ())]


def _firing(alarm: Mapping[str, Any]) -> Firing:
    """StateTransitionedTimestamp is when the state changed; StateUpdatedTimestamp may be a later evaluation."""
    since = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
    labels = {one["Name"]: one["Value"] for one in alarm.get("Dimensions", ())}
    at = instant.text(since.astimezone(UTC))
    return Firing(key=alarm["AlarmArn"], at=at, labels=labels, name=alarm.get("AlarmName", ""))
