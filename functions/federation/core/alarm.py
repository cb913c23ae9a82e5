# SPDX-License-Identifier: Apache-2.0
"""What does a firing alarm become? One event, however it was told: by its sender, or by asking."""

from collections.abc import Mapping

from federation.core import event as events
from federation.core.event import Event


def breached(key: str, at: str, labels: Mapping[str, str]) -> Event:
    """The SLO's breach.

    Args:
        key: Which alarm: its ARN, policy or group.
        at: Since when it fires (RFC 3339, UTC).
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
