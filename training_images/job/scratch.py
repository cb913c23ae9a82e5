# SPDX-License-Identifier: Apache-2.0
"""The empty folder that a job works in."""

import tempfile
from pathlib import Path

from training_images.job.errors import ConfigError


def scratch() -> Path:
    """Create it.

    Raises:
        ConfigError: There is no place for it.
    """
    try:
        return Path(tempfile.mkdtemp(prefix="federation-"))
    except FileNotFoundError as error:
        raise ConfigError(
            "there is no folder to work in: where an image's files may only be read, mount a folder and name it in TMPDIR"
        ) from error
