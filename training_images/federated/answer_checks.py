# SPDX-License-Identifier: Apache-2.0
"""Can a member's answer be added up and recorded? A member that sends something else must not end the whole run."""

import re
from collections import Counter
from collections.abc import Collection
from typing import Final

import numpy as np

from federation.core.record_line import LARGEST
from training_images.federated.model import Vector
from training_images.federated.notes import Note
from training_images.job.errors import ConfigError

_LONGEST: Final = 512
"""Most characters of a name in schemas/record.v1.json."""
_FORMS: Final = {"rows": r"sha256:[0-9a-f]{64}", "platform": r"[a-z][a-z0-9-]{0,31}", "region": r"\S.{0,63}"}
"""The forms that schemas/manifest.v1.json requires of a data set."""
EXTRA: Final = 3
"""Numbers after the summed weights: training rows, test loss, test rows; with noise the last two are 0."""


def check_sum(question: Note, answer: Note, predictors: int, members: Collection[str]) -> None:
    """Check that an answer's vector can be added to the others'.

    Args:
        question: The question that was asked.
        answer: The member's answer.
        predictors: Number of predictors in the plan.
        members: The members that were asked.

    Raises:
        ConfigError: It cannot.
    """
    _check_rows(answer)
    size = 2 * predictors + 1 if question.what == "moments" else predictors + 1 + EXTRA
    if question.facts.get("masked", False):
        vector = answer.arrays.get("vector")
        if vector is None or vector.dtype != np.uint64 or vector.shape != (size,):
            raise ConfigError(f"it is not a masked vector of {size} numbers")
        if answer.texts("names") != sorted(members) or len(answer.bodies("shares")) != len(members):
            raise ConfigError("its shares are not one for each member")
        return
    plain_sum = answer.vector("vector")
    if plain_sum.shape != (size,):
        raise ConfigError(f"it is a vector of shape {plain_sum.shape}, and {size} numbers were asked for")
    check_counts(question, plain_sum)


def _check_rows(answer: Note) -> None:
    """Check that the answer says which rows it is about, and where they lie."""
    for name, form in _FORMS.items():
        if not re.fullmatch(form, answer.text(name)):
            raise ConfigError(f"its {name} is {answer.text(name)[:40]!r}, which no manifest can state")


def check_counts(question: Note, vector: Vector) -> None:
    """Check that a vector, or a sum of several, counts whole rows.

    Raises:
        ConfigError: It counts no rows, fewer than none, or a fraction of one: what remains when a mask is removed
            wrongly.
    """
    counts = [vector[-1]] if question.what == "moments" else [vector[-EXTRA]]
    if question.what != "moments" and "noise" not in question.facts:
        counts.append(vector[-1])
    if not (np.isfinite(vector).all() and min(counts) >= 1):
        raise ConfigError(f"it counts {min(counts):g} rows, and a mean needs at least one")
    if broken := [count for count in counts if count != round(count)]:
        raise ConfigError(f"it counts {broken[0]:g} rows, which is not a whole number")


def check_scores(answer: Note, taken: Collection[str]) -> None:
    """Check that an answer's scores are valid in records.

    Args:
        answer: One member's answer.
        taken: Items of other members.

    Raises:
        ConfigError: They cannot.
    """
    _check_rows(answer)
    items, persons = answer.texts("items"), answer.texts("persons")
    brier, area = answer.vector("brier"), answer.vector("area")
    if not items or len(persons) != len(items) or {brier.shape, area.shape} != {(len(items),)}:
        raise ConfigError(f"its scores are not one for each of its {len(items)} items")
    if brier.min() < 0 or brier.max() > 1:
        raise ConfigError("the square of a difference of two probabilities is from 0 to 1, and one of these is not")
    if np.abs(area).max() > LARGEST:
        raise ConfigError(f"a part of an AUC is beyond {LARGEST:g}, more than a record may state")
    unfit = [name for name in (*items, *persons) if not (name.strip() and len(name) <= _LONGEST and name.isprintable())]
    if unfit:
        raise ConfigError(
            f"{unfit[0][:40]!r} cannot name an item or a person: a name has 1 to {_LONGEST} printable characters"
        )
    twice = [item for item, times in Counter(items).items() if times > 1 or item in taken]
    if twice:
        raise ConfigError(f"the item {twice[0]} is scored twice, by it or by another member")
