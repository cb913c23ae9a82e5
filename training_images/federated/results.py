# SPDX-License-Identifier: Apache-2.0
"""How does a run's result get from the server's process to the caller: as numbers in one file, which appears last."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from training_images.federated.model import Scale
from training_images.federated.notes import Note
from training_images.federated.rounds import DataStatement, Plan, Round, TooFewError, TrainingResult
from training_images.job.errors import ConfigError

_FAILURE: Final = "failure.txt"
_NUMBERS: Final = "result.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run produced: the plan that was carried out, its model, and the duration of each question in seconds."""

    plan: Plan
    learned: TrainingResult
    seconds: tuple[tuple[str, float], ...]


def encode_plan(plan: Plan) -> str:
    """The plan as text, for the run's configuration."""
    return json.dumps(asdict(plan), sort_keys=True)


def plan(fields: Mapping[str, Any]) -> Plan:
    """Read a written plan.

    Raises:
        ConfigError: It has a field that no plan has, or lacks one.
    """
    try:
        return Plan(**{**fields, "members": tuple(fields.get("members", ()))})
    except TypeError as error:
        raise ConfigError(f"the plan cannot be read: {error}") from error


def write_failure(folder: Path, sentence: str) -> None:
    """Write a sentence instead of a model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FAILURE).write_text(sentence + "\n", encoding="utf-8")


def write_result(folder: Path, agreed: Plan, learned: TrainingResult, seconds: Sequence[tuple[str, float]]) -> None:
    """Write the model and the scores of all members' test items."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{_NUMBERS}.part"
    about = {
        "plan": asdict(agreed),
        "history": [asdict(part_of_run) for part_of_run in learned.history],
        "rows": {name: asdict(part_of_run) for name, part_of_run in learned.rows.items()},
        "scores": {name: dict(note.facts) for name, note in learned.scores.items()},
        "seconds": list(seconds),
    }
    arrays = {f"{name}/{part}": array for name, note in learned.scores.items() for part, array in note.arrays.items()}
    with unfinished.open("wb") as file:
        np.savez(
            file,
            about=np.array(json.dumps(about)),
            weights=learned.weights,
            centre=learned.scale.centre,
            spread=learned.scale.spread,
            **arrays,  # type: ignore[arg-type] # numpy's stub mistakes a name for its own flag
        )
    unfinished.replace(folder / _NUMBERS)


def read_result(folder: Path) -> Result | None:
    """The result of a run; None while it runs.

    Raises:
        TooFewError: The run ended without a model; the message says why.
        ConfigError: The file there is not a result.
    """
    if (folder / _FAILURE).exists():
        raise TooFewError((folder / _FAILURE).read_text(encoding="utf-8").strip())
    if not (folder / _NUMBERS).exists():
        return None
    try:
        return _read(folder / _NUMBERS)
    except (AttributeError, BadZipFile, EOFError, KeyError, OSError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{folder / _NUMBERS} is not the result of a run ({error}); copy it from the SuperLink's machine again"
        ) from error


def _read(path: Path) -> Result:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        about = json.loads(str(arrays["about"]))
        scores = {
            name: Note(what="score", arrays={part: arrays[f"{name}/{part}"] for part in ("brier", "area")}, facts=facts)
            for name, facts in about["scores"].items()
        }
        scale = Scale(centre=arrays["centre"], spread=arrays["spread"])
        weights = arrays["weights"]
    history = tuple(Round(members=tuple(entry["members"]), loss=entry["loss"]) for entry in about["history"])
    return Result(
        plan=plan(about["plan"]),
        learned=TrainingResult(
            weights=weights,
            scale=scale,
            history=history,
            scores=scores,
            rows={name: DataStatement(**entry) for name, entry in about["rows"].items()},
        ),
        seconds=tuple((what, duration) for what, duration in about["seconds"]),
    )
