# SPDX-License-Identifier: Apache-2.0
"""What if a sender tells of the future? Then it is dated now: a state from next year would make every later one late."""

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from federation.core import instant
from federation.sources.reading import Reading

AHEAD: Final = timedelta(minutes=10)
"""By how much a sender's clock may be ahead of ours."""


def timely(reading: Reading, now: str) -> Reading:
    """The reading, or each of its batch, with no moment that is further ahead than clocks differ.

    Args:
        reading: As the sender's words were read.
        now: The moment of delivery, RFC 3339 in UTC.
    """
    if reading.batch is not None:
        return replace(reading, batch=tuple(timely(one, now) for one in reading.batch))
    signal = reading.signal
    if signal is not None:
        signal = replace(signal, at=_known(signal.at, now), scheduled_for=_known(signal.scheduled_for, now))
    completions = tuple(replace(one, completed_at=_known(one.completed_at, now)) for one in reading.completions)
    return replace(reading, signal=signal, completions=completions)


def _known(stated: str | None, now: str) -> str | None:
    if stated is None or instant.moment(stated) <= instant.moment(now) + AHEAD:
        return stated
    return now
