# SPDX-License-Identifier: Apache-2.0
"""Artifacts, with a way to put something where they read it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What `test_artifacts.py` needs of a backend.

    `place` puts bytes under a path and tells the URI; `foreign` are URIs that must be refused without a call.
    """

    artifacts: Any
    place: Callable[[str, bytes], str]
    foreign: Sequence[str]
