# SPDX-License-Identifier: Apache-2.0
"""On which side does a group of examples stand? A seeded hash of its name says so, whatever other groups there are."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from training_images.data.rows import Split

SEED: Final = "spiralverse-2026"
_RANGE: Final = 2**64


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The parts of all groups that are held out; the rest is learned from."""

    val: float
    test: float


def place(group: str, seed: str = SEED) -> float:
    """Where the group lies between 0 and 1: uniform over groups, the same for the same seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{group}".encode()).digest()[:8]) / _RANGE


def split(group: str, shares: Shares) -> Split:
    """The side of a group; adding groups moves none of them."""
    found = place(group)
    if found < shares.test:
        return "test"
    return "val" if found < shares.test + shares.val else "train"


def by_label(labels: Mapping[str, str], shares: Shares) -> dict[str, Split]:
    """The side of every group; a label's highest group is always learned from, and the lowest of several asked.

    Args:
        labels: The label of each group.
        shares: The parts that are held out.
    """
    found = {group: split(group, shares) for group in labels}
    members: dict[str, list[str]] = defaultdict(list)
    for group, label in labels.items():
        members[label].append(group)
    for groups in members.values():
        ordered = sorted(groups, key=lambda group: (place(group), group))
        found[ordered[0]] = "test"
        found[ordered[-1]] = "train"
    return found
