# SPDX-License-Identifier: Apache-2.0
"""A bus, and what reaches whoever listens to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from federation.core.event import Event

HEARD = "federation.conformance.heard.v1"
"""A type that no step hears, since the bus of an account may have other listeners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What `test_announcing.py` needs of a backend.

    `heard(count)` gives the events that came in since the last call, and waits for `count` different ones.
    """

    bus: Any
    heard: Callable[[int], Sequence[Event]]
    source: str = field(default_factory=lambda: f"//test/{uuid4().hex}")
