# SPDX-License-Identifier: Apache-2.0
"""Adds a low-rank adapter (LoRA) to a model, and saves it so that peft, transformers and vLLM can load it.

The two files have the names that these libraries expect: https://huggingface.co/docs/peft/developer_guides/checkpoint.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from training_images.job.errors import ConfigError

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
FILES: Final = (CONFIG, WEIGHTS)
_SCALE: Final = 2
"""The adapter's alpha divided by its rank."""
_MUST_AGREE: Final = ("r", "lora_alpha", "target_modules", "layers_to_transform")
"""The config fields that must be equal in an adapter and in the network that reads it."""


def add_adapter(model: Any, modules: Sequence[str], *, rank: int, layers: int) -> Any:
    """Add a new adapter to a model of transformers; until it is trained, it does not change the outputs.

    Args:
        model: The model; its weights are frozen.
        modules: The names of the matrices of a layer that get an adapter.
        rank: Rank of the adapter's matrices.
        layers: Number of layers that get an adapter, counted from the last.
    """
    total = model.config.num_hidden_layers
    config = LoraConfig(
        r=rank,
        lora_alpha=_SCALE * rank,
        target_modules=list(modules),
        layers_to_transform=list(range(max(0, total - layers), total)),
    )
    with warnings.catch_warnings(action="ignore", category=FutureWarning):  # peft reads a deprecated attribute
        return get_peft_model(model, config)


def save(network: Any, folder: Path, *, base_name: str, task: str) -> None:
    """Write only the adapter, in bfloat16, and its config.

    Args:
        network: The network with the adapter.
        folder: The folder to write into.
        base_name: The base model's name on the Hub.
        task: The task, as peft names it: CAUSAL_LM, FEATURE_EXTRACTION.
    """
    fixed = {"base_model_name_or_path": base_name, "task_type": task, "peft_type": "LORA", "inference_mode": True}
    (folder / CONFIG).write_text(json.dumps({**fixed, **_config(network)}, indent=2, sort_keys=True) + "\n", "utf-8")
    state = get_peft_model_state_dict(network)
    tensors = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in state.items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def load(network: Any, folder: Path) -> None:
    """Read an adapter that `save` wrote into a network with an adapter of the same shape.

    Raises:
        ConfigError: The files cannot be read, or the adapter belongs to another model or shape.
    """
    config = _read(folder)
    try:
        state = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise ConfigError(f"{WEIGHTS} cannot be read as an adapter's weights: {error}") from error
    same_config = {name: config.get(name) for name in _MUST_AGREE} == {
        name: _config(network)[name] for name in _MUST_AGREE
    }
    if not same_config or _shapes(state) != _shapes(get_peft_model_state_dict(network)):
        raise ConfigError(f"{WEIGHTS} is an adapter of another base model, rank or set of layers")
    set_peft_model_state_dict(network, {name: tensor.float() for name, tensor in state.items()})


def base_name(folder: Path) -> str:
    """The base model's name on the Hub, from an adapter that `save` wrote.

    Raises:
        ConfigError: The config cannot be read.
    """
    return str(_read(folder).get("base_model_name_or_path") or "")


def rank_and_layers(folder: Path) -> tuple[int, int]:
    """The rank of an adapter that `save` wrote, and its number of layers.

    Raises:
        ConfigError: The config cannot be read.
    """
    config = _read(folder)
    try:
        return int(config["r"]), len(config["layers_to_transform"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{CONFIG} does not state `r` and `layers_to_transform` as this image writes them: {error}"
        ) from error


def _config(network: Any) -> dict[str, Any]:
    lora = network.peft_config["default"]
    return {
        "r": lora.r,
        "lora_alpha": lora.lora_alpha,
        "lora_dropout": lora.lora_dropout,
        "bias": lora.bias,
        "target_modules": sorted(lora.target_modules),
        "layers_to_transform": list(lora.layers_to_transform),
    }


def _read(folder: Path) -> dict[str, Any]:
    try:
        document = json.loads((folder / CONFIG).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{CONFIG} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{CONFIG} is not a JSON object")
    return document


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}
