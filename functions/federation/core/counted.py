# SPDX-License-Identifier: Apache-2.0
"""Writes a number with its noun."""


def counted(number: int, singular: str, plural: str = "") -> str:
    """Such as `1 unit`, `2 units` or `1,500 items`. Give `plural` if adding an s is not enough."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"
