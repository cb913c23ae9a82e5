# SPDX-License-Identifier: Apache-2.0
"""Which utterances may be learned from, and is none of them asked?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from training_images.data.about import about
from training_images.data.rows import Row, folder
from training_images.evals.labels import LABELS, REFUSE
from training_images.evals.leaks import MOST_SHIFT, check_data
from training_images.evals.suite import Suite
from training_images.job.made import DataSet

TASK: Final = "intents"
SETS: Final[Mapping[str, str]] = {TASK: "task", "harmful": "policy", "jailbreaks": "adversarial"}
"""The data sets of utterances, and the part of the suite that was drawn from the same source."""
_ASKED: Final = tuple(SETS.values())


def utterances(data: Path, asked: Suite) -> dict[str, Sequence[Row]]:
    """What is learned from, by data set.

    Args:
        data: The folder of prepared data.
        asked: The suite.

    Raises:
        ConfigError: Data are missing, empty or mis-encoded, do not say what they are, hold what is asked or nearly that, or
            are another mixture of intents than what is asked; the message names the rows.
    """
    found = unchecked(data)
    stated(data)  # who ships says what was learned from, and that is asked before it is learned
    for name, part in SETS.items():
        shift = MOST_SHIFT if name == TASK else None
        labels = LABELS if name == TASK else (REFUSE,)
        check_data(name, {"train": found[name], "test": _alike(asked, part, name)}, labels=labels, most_shift=shift)
        for other in filter(None, (_alike(asked, one, name) for one in _ASKED if one != part)):
            check_data(name, {"train": found[name], "test": other}, labels=labels, most_shift=None)
    return found


def _alike(asked: Suite, part: str, name: str) -> list[Row]:
    """Items of a part that could stand in a data set: prompts to be refused, or utterances that are answered."""
    return [item for item in asked.parts[part].items if (item.label == REFUSE) == (name != TASK)]


def unchecked(data: Path) -> dict[str, Sequence[Row]]:
    """The same for a process that has no suite, whose rows another one has checked."""
    return {name: folder(data, name, "train") for name in SETS}


def stated(data: Path, names: Sequence[str] = tuple(SETS)) -> list[DataSet]:
    """What was learned from, as a manifest states it.

    Raises:
        ConfigError: A data set does not say what it is.
    """
    return [DataSet(name=name, digest=about(data, name).digest) for name in names]
