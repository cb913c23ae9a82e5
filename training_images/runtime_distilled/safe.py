# SPDX-License-Identifier: Apache-2.0
"""May the files of a unit be opened? Opening a pickle runs code, so a unit that may contain one is not opened."""

from pathlib import PurePosixPath

from training_images.job.errors import ConfigError
from training_images.job.shipping import WEIGHTS
from training_images.job.unit_folder import Shipped


def safe(unit: Shipped) -> Shipped:
    """Return the unit if none of its files can run code when it is opened.

    Raises:
        ConfigError: A file may run code.
    """
    for file in unit.unit.files:
        if PurePosixPath(file.path).suffix not in WEIGHTS:
            raise ConfigError(
                f"{unit.name} holds {file.path}, which may be a pickle and would run code: nothing of it is opened; "
                f"a unit consists of {', '.join(sorted(WEIGHTS))}"
            )
    return unit
