# SPDX-License-Identifier: Apache-2.0
"""Secrets, with a way to put some where they are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Vault:
    """What `test_secrets.py` needs of a backend.

    `keep` keeps a text and tells its reference; `absent` is a reference to nothing;
    `deny` makes the service refuse every reading from now on.
    """

    secrets: Any
    keep: Callable[[str], str]
    absent: str
    deny: Callable[[], None]
