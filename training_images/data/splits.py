# SPDX-License-Identifier: Apache-2.0
"""On which side of the split is a group of examples? A seeded hash of its name decides, independent of other groups."""

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
    """The shares of all groups that are held out; the rest is for training."""

    val: float
    test: float


def place(group: str, seed: str = SEED) -> float:
    """The group's position between 0 and 1: uniform over groups, the same for the same seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{group}".encode()).digest()[:8]) / _RANGE


def split(group: str, shares: Shares) -> Split:
    """The side of a group; adding groups moves no other group."""
    position = place(group)
    if position < shares.test:
        return "test"
    return "val" if position < shares.test + shares.val else "train"


def by_label(labels: Mapping[str, str], shares: Shares) -> dict[str, Split]:
    """The side of every group. A label's highest group is always for training; of several, the lowest is for test.

    Args:
        labels: The label of each group.
        shares: The shares that are held out.
    """
    sides = {group: split(group, shares) for group in labels}
    members: dict[str, list[str]] = defaultdict(list)
    for group, label in labels.items():
        members[label].append(group)
    for groups in members.values():
        ordered = sorted(groups, key=lambda group: (place(group), group))
        sides[ordered[0]] = "test"
        sides[ordered[-1]] = "train"
    return sides
