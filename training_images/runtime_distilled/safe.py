# SPDX-License-Identifier: Apache-2.0
"""Refuses units whose files may contain a pickle, because opening a pickle runs code."""

from pathlib import PurePosixPath

from training_images.job.errors import ConfigError
from training_images.job.shipping import WEIGHTS
from training_images.job.unit_folder import ShippedUnit


def safe(unit: ShippedUnit) -> ShippedUnit:
    """Return the unit if none of its files can run code when it is opened.

    Raises:
        ConfigError: A file may run code.
    """
    for file in unit.unit.files:
        if PurePosixPath(file.path).suffix not in WEIGHTS:
            raise ConfigError(
                f"{unit.name} has {file.path}, which may be a pickle and would run code, so no file of it is opened; "
                f"a unit consists of files of the types {', '.join(sorted(WEIGHTS))}"
            )
    return unit
