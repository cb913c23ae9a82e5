# SPDX-License-Identifier: Apache-2.0
"""Which texts are read together? Texts of similar length, because shorter ones are padded to the longest."""

from collections.abc import Iterator, Sequence, Sized


def alike(rows: Sequence[Sized], size: int) -> Iterator[list[int]]:
    """The numbers of all rows in groups of at most `size`, with rows of similar length together."""
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    for start in range(0, len(order), size):
        yield order[start : start + size]
