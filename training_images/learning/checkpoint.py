# SPDX-License-Identifier: Apache-2.0
"""What survives when a machine is taken away? Weights, the optimiser's state and the step, without a pickle."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from training_images.job.errors import ConfigError

_WEIGHTS: Final = "weights.safetensors"
_OPTIMISER: Final = "optimiser.safetensors"
_STEP: Final = "step.json"
"""Written last: without it there is no checkpoint."""


def fingerprint(*told: Any) -> str:
    """Text that identifies what a checkpoint is of: equal for equal settings, examples and base model."""
    found = hashlib.sha256()
    for part in _parts(told):
        found.update(part)
    return found.hexdigest()


def keep(folder: Path, step: int, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, *, of: str) -> None:
    """Write a checkpoint for the work that `of` identifies; an unfinished one is never read."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _STEP).unlink(missing_ok=True)
    save_file({name: tensor.detach().contiguous() for name, tensor in weights.items()}, folder / _WEIGHTS)
    save_file(_flat(optimiser), folder / _OPTIMISER)
    unfinished = folder / f"{_STEP}.part"
    unfinished.write_bytes(msgspec.json.encode({"step": step, "of": of}))
    unfinished.replace(folder / _STEP)


def resume(folder: Path, weights: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, *, of: str) -> int:
    """Load a checkpoint into weights and optimiser; return the number of finished steps, 0 without a checkpoint.

    A checkpoint that an earlier job with other settings or examples left in the folder is not read, because its steps
    are not this job's. Nor is one with a broken or missing part: then its steps are lost, but the job goes on.

    Raises:
        ConfigError: The checkpoint belongs to another model.
    """
    if not (folder / _STEP).exists():
        return 0
    try:
        told = msgspec.json.decode((folder / _STEP).read_bytes(), type=dict[str, Any])
        kept, remembered = load_file(folder / _WEIGHTS), load_file(folder / _OPTIMISER)
    except (OSError, msgspec.MsgspecError, SafetensorError) as error:
        print(f"the checkpoint at {folder} cannot be read ({error}): this job begins anew", flush=True)
        return 0
    if told.get("of") != of:
        print(f"the checkpoint at {folder} is of other settings or examples: this job begins anew", flush=True)
        return 0
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if {name: tuple(tensor.shape) for name, tensor in kept.items()} != shapes:
        raise ConfigError(f"the checkpoint at {folder} is of another model; empty that folder to begin anew")
    with torch.no_grad():
        for name, tensor in weights.items():
            tensor.copy_(kept[name])
    _fill(optimiser, remembered)
    return int(told["step"])


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
