# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: weights, the optimiser's state and the step, in a format without pickle."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from training_images.job.errors import ConfigError

FILE: Final = "checkpoint.safetensors"
"""A single file, so that one rename replaces the last checkpoint."""
_WEIGHTS: Final = "weights."
_OPTIMISER: Final = "optimiser."


def fingerprint(*values: Any) -> str:
    """Text that identifies the work of a checkpoint: equal for equal settings, examples and base model."""
    hasher = hashlib.sha256()
    for part in _parts(values):
        hasher.update(part)
    return hasher.hexdigest()


def save(folder: Path, step: int, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, *, of: str) -> None:
    """Write a checkpoint of the work that `of` identifies. It replaces the last one only when it is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    weight_tensors = {_WEIGHTS + name: tensor.detach().contiguous() for name, tensor in weights.items()}
    optimiser_tensors = {_OPTIMISER + name: tensor for name, tensor in _optimiser_tensors(optimiser).items()}
    unfinished = folder / f"{FILE}.part"
    save_file({**weight_tensors, **optimiser_tensors}, unfinished, metadata={"step": str(step), "of": of})
    unfinished.replace(folder / FILE)


def weights_in(path: Path) -> dict[str, Tensor]:
    """The weights in a checkpoint's file."""
    return _with_prefix(_WEIGHTS, load_file(path))


def resume(folder: Path, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, *, of: str) -> int:
    """Load a checkpoint into weights and optimiser; return the number of finished steps, 0 without a checkpoint.

    A checkpoint of other settings or examples is ignored, since its steps are not this job's. So is a broken one: its
    steps are lost, but the job continues.

    Raises:
        ConfigError: The checkpoint belongs to another model.
    """
    if not (folder / FILE).exists():
        return 0
    try:
        metadata = _metadata(folder / FILE)
        step, tensors = int(metadata["step"]), load_file(folder / FILE)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        print(f"the checkpoint at {folder} cannot be read ({error}): this job starts from the beginning", flush=True)
        return 0
    if metadata.get("of") != of:
        print(
            f"the checkpoint at {folder} belongs to other settings or examples: this job starts from the beginning",
            flush=True,
        )
        return 0
    stored, shapes = _with_prefix(_WEIGHTS, tensors), {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if {name: tuple(tensor.shape) for name, tensor in stored.items()} != shapes:
        raise ConfigError(
            f"the checkpoint at {folder} belongs to another model; empty that folder to start from the beginning"
        )
    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(stored[name])
    _load_optimiser(optimiser, _with_prefix(_OPTIMISER, tensors))
    return step


def _metadata(path: Path) -> Mapping[str, str]:
    """The metadata of a checkpoint: its step, and the work that it belongs to."""
    with safe_open(path, "pt") as file:
        return file.metadata() or {}


def _with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _parts(value: Any) -> Iterator[bytes]:
    """All values as bytes. The text of a long tensor would leave out most of its numbers."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        yield f"{value.dtype}{value.shape}".encode()
        yield value.tobytes()
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _parts([(field.name, getattr(value, field.name)) for field in fields(value)])
    elif isinstance(value, (list, tuple)):
        yield f"{len(value)}:".encode()
        for field in value:
            yield from _parts(field)
    else:
        yield f"{value!r},".encode()


def _optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {
        f"{number}.{key}": torch.as_tensor(value).detach().contiguous()
        for number, values in state.items()
        for key, value in values.items()
    }


def _load_optimiser(optimiser: torch.optim.Optimizer, flat: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in flat.items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
