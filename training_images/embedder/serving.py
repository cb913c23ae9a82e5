# SPDX-License-Identifier: Apache-2.0
"""How does an embedder from another job answer? On the base that it was made for, and as its contract says."""

from pathlib import Path

from training_images.embedder.model import Embedder
from training_images.job.digests import digest_of_file
from training_images.job.errors import ConfigError
from training_images.job.unit_folder import ShippedUnit
from training_images.learning.adapter import FILES
from training_images.learning.named_base import refuse_another_base


def serving_model(unit: ShippedUnit, base: Path) -> Embedder:
    """Load the embedder of a shipped unit.

    Raises:
        ConfigError: The base is a different one, or the contract does not say how to use the unit.
    """
    refuse_another_base(unit, digest_of_file(base / "model.safetensors"))
    longest = unit.contract.get("max_tokens")
    if not isinstance(longest, int):
        raise ConfigError(f"the contract of {unit.name} does not state max_tokens; ship the embedder again")
    return Embedder.shipped(base, unit.folder_with(FILES), longest)
