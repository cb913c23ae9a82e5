"""Dead letters, a way for a step to give an event up, and what reaches the steps afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from federation.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    letters: Any
    gives_up: Callable[[str, Event], None]
    delivered: Callable[[], list[tuple[str, Event]]]
