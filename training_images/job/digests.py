# SPDX-License-Identifier: Apache-2.0
"""The digest of a file."""

import hashlib
import os
from pathlib import Path

from training_images.job.errors import ConfigError


def digest_of_file(path: Path) -> str:
    """`sha256:` and the SHA-256 of a file's bytes.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as error:
        raise ConfigError(
            f"user {os.getuid()} may not read {path.name} in {path.parent.name}; let everybody read it (chmod a+r)"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{path.parent.name} holds no {path.name} that can be read; name a complete folder"
        ) from error
