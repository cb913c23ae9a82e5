# SPDX-License-Identifier: Apache-2.0
"""What survives when a machine is taken away? Weights, the optimiser's state and the step, without a pickle."""

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
"""One file, so that one move puts a new checkpoint in the place of the last one."""
_WEIGHTS: Final = "weights."
_OPTIMISER: Final = "optimiser."


def fingerprint(*told: Any) -> str:
    """Text that identifies what a checkpoint is of: equal for equal settings, examples and base model."""
    found = hashlib.sha256()
    for part in _parts(told):
        found.update(part)
    return found.hexdigest()


def keep(folder: Path, step: int, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, *, of: str) -> None:
    """Write a checkpoint for the work that `of` identifies; the last one stays until this one is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {_WEIGHTS + name: tensor.detach().contiguous() for name, tensor in weights.items()}
    remembered = {_OPTIMISER + name: tensor for name, tensor in _flat(optimiser).items()}
    unfinished = folder / f"{FILE}.part"
    save_file({**tensors, **remembered}, unfinished, metadata={"step": str(step), "of": of})
    unfinished.replace(folder / FILE)


def weights_in(path: Path) -> dict[str, Tensor]:
    """The weights in the file of a checkpoint."""
    return _below(_WEIGHTS, load_file(path))


def resume(folder: Path, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, *, of: str) -> int:
    """Load a checkpoint into weights and optimiser; return the number of finished steps, 0 without a checkpoint.

    A checkpoint that an earlier job with other settings or examples left in the folder is not read, because its steps
    are not this job's. Nor is a broken one: then its steps are lost, but the job goes on.

    Raises:
        ConfigError: The checkpoint belongs to another model.
    """
    if not (folder / FILE).exists():
        return 0
    try:
        told = _told(folder / FILE)
        step, found = int(told["step"]), load_file(folder / FILE)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        print(f"the checkpoint at {folder} cannot be read ({error}): this job begins anew", flush=True)
        return 0
    if told.get("of") != of:
        print(f"the checkpoint at {folder} is of other settings or examples: this job begins anew", flush=True)
        return 0
    kept, shapes = _below(_WEIGHTS, found), {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if {name: tuple(tensor.shape) for name, tensor in kept.items()} != shapes:
        raise ConfigError(f"the checkpoint at {folder} is of another model; empty that folder to begin anew")
    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(kept[name])
    _fill(optimiser, _below(_OPTIMISER, found))
    return step


def _told(path: Path) -> Mapping[str, str]:
    """What a checkpoint says of itself."""
    with safe_open(path, "pt") as file:
        return file.metadata() or {}


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _parts(told: Any) -> Iterator[bytes]:
    """All parts as bytes, since a tensor's own text leaves out most of its numbers."""
    if isinstance(told, Tensor):
        told = told.detach().cpu().numpy()
    if isinstance(told, np.ndarray):
        yield f"{told.dtype}{told.shape}".encode()
        yield told.tobytes()
    elif is_dataclass(told) and not isinstance(told, type):
        yield from _parts([(one.name, getattr(told, one.name)) for one in fields(told)])
    elif isinstance(told, (list, tuple)):
        yield f"{len(told)}:".encode()
        for one in told:
            yield from _parts(one)
    else:
        yield f"{told!r},".encode()


def _flat(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {
        f"{number}.{key}": torch.as_tensor(value).detach().contiguous()
        for number, values in state.items()
        for key, value in values.items()
    }


def _fill(optimiser: torch.optim.Optimizer, flat: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in flat.items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
