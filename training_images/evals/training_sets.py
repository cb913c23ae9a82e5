# SPDX-License-Identifier: Apache-2.0
"""Which utterances may be used for training, and is none of them in the eval suite?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from training_images.data.about import about
from training_images.data.rows import Row, folder
from training_images.evals.labels import LABELS, REFUSE
from training_images.evals.leaks import MOST_SHIFT, check_data, least_of
from training_images.evals.suite import Suite
from training_images.job.result import DataSet

TASK: Final = "intents"
SETS: Final[Mapping[str, str]] = {TASK: "task", "harmful": "policy", "jailbreaks": "adversarial"}
"""The data sets of utterances, each with the part of the suite that was drawn from the same source."""
_ASKED: Final = tuple(SETS.values())


def utterances(data: Path, suite: Suite) -> dict[str, Sequence[Row]]:
    """Read the training data, by data set.

    Args:
        data: The folder of prepared data.
        suite: The suite.

    Raises:
        ConfigError: Data are missing, empty or mis-encoded, have no description, contain an item of the suite or nearly
            one, or mix the intents differently from the suite; the message names the rows.
    """
    by_set = read_unchecked(data)
    stated(data)  # the description is shipped, so its absence must be found before training
    for name, part in SETS.items():
        shift = MOST_SHIFT if name == TASK else None
        labels, least = LABELS if name == TASK else (REFUSE,), least_of(name)
        own = {"train": by_set[name], "test": _alike(suite, part, name)}
        check_data(name, own, labels=labels, least=least, most_shift=shift)
        for other_items in filter(
            None, (_alike(suite, other_part, name) for other_part in _ASKED if other_part != part)
        ):
            check_data(name, {"train": by_set[name], "test": other_items}, labels=labels, least=least, most_shift=None)
    return by_set


def _alike(suite: Suite, part: str, name: str) -> list[Row]:
    """Items of a part that could occur in a data set: prompts to refuse, or utterances to answer."""
    return [item for item in suite.parts[part].items if (item.label == REFUSE) == (name != TASK)]


def read_unchecked(data: Path) -> dict[str, Sequence[Row]]:
    """The same for a process that has no suite, and whose rows another process has checked."""
    return {name: folder(data, name, "train") for name in SETS}


def stated(data: Path, names: Sequence[str] = tuple(SETS)) -> list[DataSet]:
    """The data sets that were used for training, as a manifest states them.

    Raises:
        ConfigError: A data set has no description.
    """
    return [DataSet(name=name, digest=about(data, name).digest) for name in names]
