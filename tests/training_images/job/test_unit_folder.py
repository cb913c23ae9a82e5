# SPDX-License-Identifier: Apache-2.0
"""May a file be read that lies beside a unit's own, and is in no manifest?"""

from pathlib import Path

import pytest

from training_images.job.errors import ConfigError
from training_images.job.unit_folder import shipped_unit

EXAMPLES = Path(__file__).parents[3] / "training" / "examples"


def test_a_folder_is_handed_over_only_for_files_that_the_manifest_lists_and_whose_digests_were_compared():
    unit = shipped_unit(EXAMPLES, "textgen-lora")
    files = ("adapter_config.json", "adapter_model.safetensors")
    assert unit.folder_with(files) == EXAMPLES / "textgen-lora"
    with pytest.raises(ConfigError, match=r"has no adapter\.safetensors; it consists of textgen-lora/adapter_config"):
        unit.folder_with(("adapter_config.json", "adapter.safetensors"))
