# SPDX-License-Identifier: Apache-2.0
"""Alarms of CloudWatch: an alarm that fires already when a release begins sends nothing, so it is asked."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

from federation.aws.calls import service_call
from federation.core import instant
from federation.ports import Firing


class CloudWatchAlarms:
    """The metric and composite alarms whose names begin with a prefix."""

    def __init__(self, cloudwatch: Callable[[], Any], prefix: str) -> None:
        self._cloudwatch = cloudwatch
        self._prefix = prefix

    def firing(self) -> Sequence[Firing]:
        """Every alarm in state ALARM."""
        with service_call("CloudWatch", "DescribeAlarms"):
            pages = self._cloudwatch().get_paginator("describe_alarms")
            asked = {"StateValue": "ALARM", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
            named = {"AlarmNamePrefix": self._prefix} if self._prefix else {}
            return [
                Firing(
                    key=alarm["AlarmArn"],
                    at=instant.text(alarm["StateUpdatedTimestamp"].astimezone(UTC)),
                    labels=_labels(alarm),
                )
                for page in pages.paginate(**asked, **named)
                for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
            ]


def _labels(alarm: Any) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in alarm.get("Dimensions", ())}
