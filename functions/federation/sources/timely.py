# SPDX-License-Identifier: Apache-2.0
"""Replaces times in the future with the present, or they would count as newer than all later events.

An alarm keeps its time, which identifies it when it is sent again.
"""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from federation.core import instant
from federation.sources.reading import Reading

AHEAD: Final = timedelta(minutes=10)
"""How far a sender's clock may be ahead of ours."""


def without_future_times(reading: Reading, now: str) -> Reading:
    """The reading without times in the future, except for an alarm's; a batch record by record.

    Args:
        reading: The reading with the sender's times.
        now: The time of delivery, RFC 3339 in UTC.
    """
    if reading.batch is not None:
        return replace(reading, batch=tuple(without_future_times(record, now) for record in reading.batch))
    signal, completions = reading.signal, reading.completions
    if signal is not None and signal.kind != "alarm":
        signal = replace(signal, at=_not_ahead(signal.at, now), scheduled_for=_not_ahead(signal.scheduled_for, now))
        reading = replace(reading, signal=signal)
    if any(record.completed_at and is_ahead(record.completed_at, now) for record in completions):
        completed = tuple(replace(record, completed_at=_not_ahead(record.completed_at, now)) for record in completions)
        reading = replace(reading, completions=completed)
    return reading


def is_ahead(time: str, now: str) -> bool:
    """Whether a stated time is ahead of ours by more than clocks may differ."""
    return instant.moment(time) > instant.moment(now) + AHEAD


def _not_ahead(time: str | None, now: str) -> str | None:
    return now if time is not None and is_ahead(time, now) else time
