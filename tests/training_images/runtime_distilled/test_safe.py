# SPDX-License-Identifier: Apache-2.0
"""Units that may contain a pickle are never opened."""

from pathlib import Path

import pytest

from federation.core.manifest import File, Measurements, Residency, Unit
from training_images.job.errors import ConfigError
from training_images.job.unit_folder import ShippedUnit
from training_images.runtime_distilled.safe import safe


def unit(*paths: str) -> ShippedUnit:
    document = Unit(
        name="spiralverse/textgen-lora-v1",
        kind="textgen-lora",
        files=[File(path=path, sha256="0" * 64, bytes=1) for path in paths],
        contract={},
        api="fusion-api-v1",
        evidence=Measurements(),
        residency=Residency(raw_data_left=False, datasets=[]),
    )
    return ShippedUnit(folder=Path("unit"), unit=document)


def test_weights_in_formats_without_code_are_read() -> None:
    shipped = unit("textgen-lora/adapter.safetensors", "textgen-lora/tokenizer.json")
    assert safe(shipped) is shipped


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "a.pt", "a.pth", "a.ckpt", "a.pkl", "a.joblib", "a.npz", "a", "a.safetensors.bin"]
)
def test_files_that_may_be_a_pickle_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="may be a pickle and would run code"):
        safe(unit("textgen-lora/adapter.safetensors", f"textgen-lora/{name}"))
