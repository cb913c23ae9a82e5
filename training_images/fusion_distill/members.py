# SPDX-License-Identifier: Apache-2.0
"""Who are the teachers, and how are their answers combined?

The mean of the members' probabilities is the usual ensemble (Lakshminarayanan et al. 2017,
https://arxiv.org/abs/1612.01474). A vote counts only each member's likeliest answer, so that a member that is always
sure weighs no more than the others.
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
from training_images.runtime_distilled.teacher import Teacher, language, small
from training_images.textgen_lora.recipe import TEXTGEN

Voting = Literal["mean", "vote"]
VOTINGS: Final = ("mean", "vote")
KINDS: Final = (TEXTGEN, RUNTIME)
FEWEST: Final = 2
_TIE: Final = 1e-3
"""Weight of the mean probability in a vote: it decides ties and never outweighs a vote."""


def members(spec: JobSpec) -> list[Teacher]:
    """The teachers in the channel `members`, one folder each, in order of folder name.

    Raises:
        ConfigError: There are fewer than two, a teacher or its name occurs twice, or one cannot be read.
    """
    folders = sorted(path for path in spec.channel("members").iterdir() if path.is_dir())
    found = [_member(folder, spec) for folder in folders]
    if len(found) < FEWEST:
        raise ConfigError(
            f"the channel members holds {len(found)} units; a fusion takes {FEWEST} at least, a folder each"
        )
    seen: dict[str, str] = {}
    called: dict[str, str] = {}
    for folder, one in zip(folders, found, strict=True):
        if one.unit.artifact in seen:
            raise ConfigError(
                f"{folder.name} and {seen[one.unit.artifact]} are the same artifact; its voice counts once"
            )
        if one.unit.name in called:
            raise ConfigError(
                f"{folder.name} and {called[one.unit.name]} are both called {one.unit.name} and are not the same: one name "
                "is one unit, so ship one of them again under a name of its own (--unit)"
            )
        seen[one.unit.artifact], called[one.unit.name] = folder.name, folder.name
    return found


def together(told: Sequence[NDArray[np.float64]], voting: Voting) -> NDArray[np.float64]:
    """The ensemble's probabilities: (texts, labels).

    Args:
        told: The members' probabilities.
        voting: `mean` of the probabilities, or a `vote`, in which ties are decided by the mean.
    """
    mean: NDArray[np.float64] = np.mean(told, axis=0)
    if voting == "mean":
        return mean
    votes = np.mean([np.eye(mean.shape[1])[one.argmax(axis=1)] for one in told], axis=0)
    mixed: NDArray[np.float64] = (1 - _TIE) * votes + _TIE * mean
    return mixed


def _member(folder: Path, spec: JobSpec) -> Teacher:
    kinds = [kind for kind in _kinds(folder) if kind in KINDS]
    if len(kinds) != 1:
        raise ConfigError(
            f"{folder.name} ships no single unit of kind {' or '.join(KINDS)}; a member is a folder of one"
        )
    return small(folder) if kinds[0] == RUNTIME else language(folder, spec.channel("base"))


def _kinds(folder: Path) -> list[str]:
    """The kinds that a manifest names; whether the manifest is valid is checked when the unit is read."""
    try:
        document: Any = msgspec.json.decode((folder / SENTINEL).read_bytes())
        return [str(unit["kind"]) for unit in document["units"]]
    except FileNotFoundError as error:
        raise ConfigError(
            f"{folder.name} holds no {SENTINEL}: only a unit that was shipped whole is a member"
        ) from error
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder / SENTINEL} is no manifest: {error}") from error
