# SPDX-License-Identifier: Apache-2.0
"""Alarms, with a way to make them fire and stop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """What `test_alarms.py` needs of a backend.

    `fires` makes an alarm of ours fire and `ends` makes it stop, by name; `strange` makes one fire that concerns no release;
    `deny` makes the service refuse every question from now on.
    """

    alarms: Any
    fires: Callable[[str], None]
    ends: Callable[[str], None]
    strange: Callable[[], None]
    deny: Callable[[], None]
