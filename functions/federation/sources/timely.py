# SPDX-License-Identifier: Apache-2.0
"""What becomes of a time in the future? The present replaces it, or it would count as newer than all that follows.

An alarm keeps its time, by which it is recognised when it is sent again.
"""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from federation.core import instant
from federation.sources.reading import Reading

AHEAD: Final = timedelta(minutes=10)
"""By how much a sender's clock may be ahead of ours."""


def timely(reading: Reading, now: str) -> Reading:
    """The reading, or each one of its batch, without times in the future, except for an alarm's.

    Args:
        reading: The reading with the sender's times.
        now: The moment of delivery, RFC 3339 in UTC.
    """
    if reading.batch is not None:
        return replace(reading, batch=tuple(timely(one, now) for one in reading.batch))
    signal, completions = reading.signal, reading.completions
    if signal is not None and signal.kind != "alarm":
        signal = replace(signal, at=_believed(signal.at, now), scheduled_for=_believed(signal.scheduled_for, now))
        reading = replace(reading, signal=signal)
    if any(one.completed_at and is_ahead(one.completed_at, now) for one in completions):
        told = tuple(replace(one, completed_at=_believed(one.completed_at, now)) for one in completions)
        reading = replace(reading, completions=told)
    return reading


def is_ahead(stated: str, now: str) -> bool:
    """Whether a stated time is further ahead of ours than clocks may differ."""
    return instant.moment(stated) > instant.moment(now) + AHEAD


def _believed(stated: str | None, now: str) -> str | None:
    return now if stated is not None and is_ahead(stated, now) else stated
