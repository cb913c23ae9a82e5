# SPDX-License-Identifier: Apache-2.0
"""Dead letters, with a way to make one and to see what is redelivered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from federation.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """What `test_dead_letters.py` needs of a backend.

    `gives_up` makes a step fail on an event until it is a dead letter; `delivered` are the steps and events that were
    delivered since it was called last.
    """

    letters: Any
    gives_up: Callable[[str, Event], None]
    delivered: Callable[[], list[tuple[str, Event]]]
