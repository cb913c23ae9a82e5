# SPDX-License-Identifier: Apache-2.0
"""What does a folder of data contain? Run this to describe your own data, and again after every change:

python -m training_images.data.about FOLDER --licence TEXT
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from training_images.data.rows import digest, read
from training_images.job.errors import CONFIGURED_WRONG, ConfigError

_FILE: Final = "about.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A description of what a folder of prepared data contains.

    Args:
        name: The data set's name.
        digest: Digest of all its rows; the same whenever they are made again from the same wheels.
        licence: The licence of the material that it was made from.
        wheels: The projects, with versions, that it was made from.
        rows: Number of rows by file.
    """

    name: str
    digest: str
    licence: str
    wheels: Sequence[str]
    rows: Mapping[str, int]


def about(folder: Path, name: str) -> About:
    """Read the description of a prepared data set.

    Raises:
        ConfigError: The folder has no description, or it cannot be read.
    """
    try:
        return About(**json.loads((folder / name / _FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{name}/{_FILE} is missing or not a description of the data; make the data with: "
            "python -m training_images.data, or for your own data: "
            f"python -m training_images.data.about {folder / name} --licence TEXT"
        ) from error


def write_about(folder: Path, description: About) -> None:
    """Write the description into the data set's folder."""
    (folder / _FILE).write_text(json.dumps(asdict(description), indent=2) + "\n", encoding="utf-8")


def describe(folder: Path, licence: str) -> About:
    """Describe the rows in a folder of one's own data.

    Raises:
        ConfigError: There are no rows, or a file contains something else.
    """
    rows_by_file = {path.stem: read(path) for path in sorted(folder.glob("*.jsonl"))}
    if not any(rows_by_file.values()):
        raise ConfigError(f"there are no rows in {folder}; write train.jsonl there, one JSON object per line")
    rows = {name: len(rows) for name, rows in rows_by_file.items()}
    rows_digest = digest(row for rows in rows_by_file.values() for row in rows)
    return About(name=folder.resolve().name, digest=rows_digest, licence=licence, wheels=[], rows=rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Describe a folder from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training_images.data.about", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of one data set: train.jsonl, and others if it has them")
    parser.add_argument("--licence", required=True, help="licence under which the rows may be used")
    options = parser.parse_args(arguments)
    try:
        description = describe(options.folder, options.licence)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return CONFIGURED_WRONG
    write_about(options.folder, description)
    print(f"{description.name}: {description.digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
