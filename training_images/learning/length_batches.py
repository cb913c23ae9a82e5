# SPDX-License-Identifier: Apache-2.0
"""Groups texts of similar length into batches, because shorter texts are padded to the longest."""

from collections.abc import Iterator, Sequence, Sized


def batches_by_length(rows: Sequence[Sized], size: int) -> Iterator[list[int]]:
    """The indices of all rows, sorted by the rows' length, in groups of at most `size`."""
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    for start in range(0, len(order), size):
        yield order[start : start + size]
