# SPDX-License-Identifier: Apache-2.0
"""What is learned from? Utterances with their intent, and prompts that must be refused; none of what is asked later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training_images.data import rows as files
from training_images.data.prepared import about
from training_images.data.rows import Row
from training_images.evals.labels import LABELS, REFUSE
from training_images.evals.leaks import MOST_SHIFT, check_data
from training_images.evals.suite import Suite
from training_images.job.errors import ConfigError
from training_images.job.made import DataSet

SETS: Final[Mapping[str, str]] = {"intents": "task", "harmful": "policy", "jailbreaks": "adversarial"}
"""The data sets, and the part of the suite that was drawn from the same source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Texts, and the number of each one's label."""

    texts: Sequence[str]
    labels: NDArray[np.int64]


def learned(folder: Path) -> dict[str, Sequence[Row]]:
    """What is learned from, by data set."""
    return {name: files.folder(folder, name, "train") for name in SETS}


def named(folder: Path) -> list[DataSet]:
    """What is learned from, as a manifest names it.

    Raises:
        ConfigError: A data set does not say what it is.
    """
    try:
        return [DataSet(name=name, digest=about(folder, name).digest) for name in SETS]
    except FileNotFoundError as error:
        raise ConfigError(f"{error.filename} is missing; make the data with: python -m training_images.data") from error


def refuse_leaks(found: Mapping[str, Sequence[Row]], asked: Suite) -> None:
    """Nothing may be learned that is asked, nor what has another mixture of intents than what is asked.

    Raises:
        ConfigError: With a sentence that names the rows.
    """
    for name, part in SETS.items():
        alike = [item for item in asked.parts[part].items if (item.label == REFUSE) == (name != "intents")]
        shift = MOST_SHIFT if name == "intents" else None
        check_data(name, {"train": found[name], "test": alike}, labels=LABELS, most_shift=shift)


def examples(found: Mapping[str, Sequence[Row]]) -> Examples:
    """All rows of all data sets, in the order of the files."""
    number = {label: index for index, label in enumerate(LABELS)}
    rows = [row for part in found.values() for row in part]
    return Examples(
        texts=[row.text for row in rows],
        labels=np.asarray([number[row.label] for row in rows], dtype=np.int64),
    )
