# SPDX-License-Identifier: Apache-2.0
"""The clock: the machine's time or, in a drill, the time in a file."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from federation.core import instant
from federation.settings import Settings


def clock_of(settings: Settings) -> Callable[[], str]:
    """A clock that returns the current time, RFC 3339 in UTC."""
    if not settings.clock:
        return lambda: instant.text(datetime.now(UTC))
    drill = Path(settings.clock)
    return lambda: drill.read_text("utf-8").strip()
