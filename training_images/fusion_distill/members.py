# SPDX-License-Identifier: Apache-2.0
"""Reads the teachers, and combines their answers.

The mean of the members' probabilities is the usual ensemble (Lakshminarayanan et al. 2017,
https://arxiv.org/abs/1612.01474). A vote counts only each member's likeliest answer, so that an
overconfident member has no more weight than the others.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from federation.core.uri import SENTINEL
from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec
from training_images.runtime_distilled.runtime import KIND as RUNTIME
from training_images.runtime_distilled.teacher import Teacher, language_teacher, runtime_teacher
from training_images.textgen_lora.recipe import TEXTGEN

Voting = Literal["mean", "vote"]
VOTINGS: Final = ("mean", "vote")
KINDS: Final = (TEXTGEN, RUNTIME)
FEWEST: Final = 2
_TIE: Final = 1e-3
"""Weight of the mean probability in a vote. It decides ties, and never changes another result."""


def members(spec: JobSpec) -> list[Teacher]:
    """The teachers in the channel `members`, one folder each, in order of folder name.

    Raises:
        ConfigError: There are fewer than two, a teacher or its name occurs twice, or one cannot be read.
    """
    folders = sorted(path for path in spec.channel("members").iterdir() if path.is_dir())
    teachers = [_member(folder, spec) for folder in folders]
    if len(teachers) < FEWEST:
        raise ConfigError(
            f"the channel members has {len(teachers)} units; a fusion needs at least {FEWEST}, each in its own folder"
        )
    folder_by_artifact: dict[str, str] = {}
    folder_by_name: dict[str, str] = {}
    for folder, teacher in zip(folders, teachers, strict=True):
        artifact, name = teacher.unit.artifact, teacher.unit.name
        if artifact in folder_by_artifact:
            raise ConfigError(
                f"{folder.name} and {folder_by_artifact[artifact]} are the same artifact; remove one of the folders"
            )
        if name in folder_by_name:
            raise ConfigError(
                f"{folder.name} and {folder_by_name[name]} are different units with the same name, {name}: "
                "ship one of them again under another name (--unit)"
            )
        folder_by_artifact[artifact], folder_by_name[name] = folder.name, folder.name
    return teachers


def ensemble_of(answers: Sequence[NDArray[np.float64]], voting: Voting) -> NDArray[np.float64]:
    """The ensemble's probabilities, of shape (texts, labels).

    Args:
        answers: The members' probabilities.
        voting: `mean` of the probabilities, or `vote`, with ties decided by the mean.
    """
    mean: NDArray[np.float64] = np.mean(answers, axis=0)
    if voting == "mean":
        return mean
    votes = np.mean([np.eye(mean.shape[1])[probabilities.argmax(axis=1)] for probabilities in answers], axis=0)
    combined: NDArray[np.float64] = (1 - _TIE) * votes + _TIE * mean
    return combined


def _member(folder: Path, spec: JobSpec) -> Teacher:
    kinds = [kind for kind in _unit_kinds(folder) if kind in KINDS]
    if len(kinds) != 1:
        raise ConfigError(f"{folder.name} must ship exactly one unit of kind {' or '.join(KINDS)}, as each member does")
    return runtime_teacher(folder) if kinds[0] == RUNTIME else language_teacher(folder, spec.channel("base"))


def _unit_kinds(folder: Path) -> list[str]:
    """The kinds of the units in a manifest. Whether the manifest is valid is checked when the unit is read."""
    try:
        document: Any = msgspec.json.decode((folder / SENTINEL).read_bytes())
        return [str(unit["kind"]) for unit in document["units"]]
    except FileNotFoundError as error:
        raise ConfigError(f"{folder.name} has no {SENTINEL}: a member must be a complete unit") from error
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder / SENTINEL} is not a manifest: {error}") from error
