# SPDX-License-Identifier: Apache-2.0
"""Which release does a firing alarm concern, and which event does it become? The same event, whether pushed or polled."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from federation.core import event as events
from federation.core import instant
from federation.core.event import Event


def breached(key: str, at: str, labels: Mapping[str, str]) -> Event:
    """The SLO's breach.

    Args:
        key: Which alarm: its ARN, policy or group.
        at: When it fired (RFC 3339, UTC).
        labels: What it is labelled with.
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
        began: Since when it fires.
        since: Since when the release serves.
        settle_seconds: How long a release settles in, by the policy.
        now: When it was seen to fire.
    """
    first = counts_from(since, settle_seconds)
    at = instant.moment(began)
    if at >= first:
        return began
    return instant.text(first) if instant.moment(since) < at and first <= instant.moment(now) else None
