# SPDX-License-Identifier: Apache-2.0
"""How many of a thing are there, in words?"""


def counted(number: int, one: str, several: str = "") -> str:
    """`1 unit`, `2 units`, `1,500 items`; `several` is the plural where an added s is not enough."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
