# SPDX-License-Identifier: Apache-2.0
"""An endpoint on which somebody's model served before any release did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """What `test_traffic.py` needs of a backend.

    `name` is the model that serves; `serving` lists what gets prompts now.
    """

    traffic: Any
    name: str
    serving: Callable[[], Sequence[str]]
