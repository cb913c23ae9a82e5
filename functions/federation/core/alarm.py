# SPDX-License-Identifier: Apache-2.0
"""Which event does a firing alarm become, whether pushed or polled, and when does it concern the serving release?"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from federation.core import event as events
from federation.core import instant
from federation.core.event import Event


def breached(key: str, at: str, labels: Mapping[str, str]) -> Event:
    """The event of a breached SLO.

    Args:
        key: Identifies the alarm: its ARN, policy or group.
        at: When it fired (RFC 3339, UTC).
        labels: The alarm's labels.
    """
    return Event(
        type=events.SLO_BREACHED,
        source="//federation/receive",
        subject=key,
        time=at,
        key=f"alarm|{key}|{at}",
        data={"alarm": key, "at": at, "labels": dict(labels)},
    )


def counts_from(since: str, settle_seconds: int) -> datetime:
    """When alarms start to count against a release serving since `since`; earlier measurements are of its predecessor."""
    return instant.moment(since) + timedelta(seconds=settle_seconds)


def speaks_at(began: str, since: str, settle_seconds: int, now: str) -> str | None:
    """When an alarm that fires `now` began to concern the release, or None if it does not (yet).

    An alarm that began during the settling period and still fires counts from the end of that period. One that began
    before the release did, or at the same moment, says nothing about it.

    Args:
        began: When it began to fire.
        since: When the release began to serve.
        settle_seconds: The policy's settling period.
        now: When it was seen to fire.
    """
    first = counts_from(since, settle_seconds)
    at = instant.moment(began)
    if at >= first:
        return began
    return instant.text(first) if instant.moment(since) < at and first <= instant.moment(now) else None
