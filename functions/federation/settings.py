# SPDX-License-Identifier: Apache-2.0
"""How is this process configured? Read once from the environment at the edge; every default is the local one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from federation.errors import SettingsError

Home = Literal["local"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the steps run and where the store lies."""

    home: Home
    folder: Path

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings in FEDERATION_* variables.

        Raises:
            SettingsError: A variable has a value that means nothing.
        """
        home = environment.get("FEDERATION_HOME", "local")
        if home not in get_args(Home):
            raise SettingsError(f"FEDERATION_HOME is {home!r}; expected one of {', '.join(get_args(Home))}")
        return cls(home="local", folder=Path(environment.get("FEDERATION_FOLDER", ".federation")))
