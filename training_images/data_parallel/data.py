# SPDX-License-Identifier: Apache-2.0
"""What does a process learn from? Texts, each with the number of its label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training_images.data.rows import Row
from training_images.evals.labels import LABELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Texts, and the number of each text's label."""

    texts: Sequence[str]
    labels: NDArray[np.int64]


def examples(by_set: Mapping[str, Sequence[Row]]) -> Examples:
    """All rows of all data sets, in the order of the files."""
    number = {label: index for index, label in enumerate(LABELS)}
    rows = [row for part in by_set.values() for row in part]
    return Examples(
        texts=[row.text for row in rows],
        labels=np.asarray([number[row.label] for row in rows], dtype=np.int64),
    )
