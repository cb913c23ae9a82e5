# SPDX-License-Identifier: Apache-2.0
"""What does a folder of prepared data say that it holds?"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from training_images.job.errors import ConfigError

_FILE: Final = "about.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a folder of prepared data holds.

    Args:
        name: Of the data set.
        digest: Of all its rows; the same whenever they are made again from the same wheels.
        licence: Of what it was made from.
        wheels: Projects and versions that it was made from.
        rows: By file.
    """

    name: str
    digest: str
    licence: str
    wheels: Sequence[str]
    rows: Mapping[str, int]


def about(folder: Path, name: str) -> About:
    """What the prepared data set below a folder is.

    Raises:
        ConfigError: It does not say.
    """
    try:
        return About(**json.loads((folder / name / _FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{name}/{_FILE} does not say what the data are; make them with: python -m training_images.data"
        ) from error


def tell(folder: Path, told: About) -> None:
    """Write what a data set's own folder holds."""
    (folder / _FILE).write_text(json.dumps(asdict(told), indent=2) + "\n", encoding="utf-8")
