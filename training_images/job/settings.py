# SPDX-License-Identifier: Apache-2.0
"""What was the job told to do? Platforms pass hyperparameters as text, and a typing error must not cost an hour."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from training_images.job.errors import ConfigError

_MARK: Final = "--"
_PLATFORMS_WORD: Final = "train"
"""The word that SageMaker passes to an image at its start."""
_PYTHON: Final = re.compile(r"(?:.*/)?python[\d.]*")
"""How a command begins if it names the whole program: it may follow the image's entry point, as on the Hub."""
_PLATFORMS_OWN: Final = "sagemaker_"
"""Hyperparameters that SageMaker's SDK adds for its own containers."""
_PLACES: Final = frozenset({"output", "checkpoints"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings by name, all as text; they are checked when they are read."""

    given: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str, default: str | None = None) -> str:
        """The setting, or its default.

        Raises:
            ConfigError: The setting is missing and has no default.
        """
        found = self.given.get(name, default)
        if found is None:
            raise ConfigError(f"the setting {name} is missing; give --{name} VALUE, or a hyperparameter of that name")
        return found

    def integer(self, name: str, default: int | None = None, *, least: int = 0) -> int:
        """The setting as a whole number.

        Raises:
            ConfigError: The setting is missing, not a whole number, or below `least`.
        """
        written = self.text(name, None if default is None else str(default))
        if not (written.removeprefix("-").isdecimal() and int(written) >= least):
            raise ConfigError(f"--{name} {written!r} is not a whole number from {least} on")
        return int(written)

    def number(self, name: str, default: float | None = None, *, least: float = 0.0) -> float:
        """The setting as a finite number.

        Raises:
            ConfigError: The setting is missing, not a number, or below `least`.
        """
        written = self.text(name, None if default is None else repr(default))
        try:
            found = float(written)
        except ValueError:
            found = math.nan
        if not (math.isfinite(found) and found >= least):
            raise ConfigError(f"--{name} {written!r} is not a number from {least} on")
        return found

    def choice(self, name: str, of: Collection[str], default: str | None = None) -> str:
        """The setting as one of a few words.

        Raises:
            ConfigError: The setting is missing or a different word.
        """
        found = self.text(name, default)
        if found not in of:
            raise ConfigError(f"--{name} {found!r} is none of {', '.join(sorted(of))}")
        return found

    def below(self, prefix: str) -> dict[str, str]:
        """The settings whose names begin with the prefix, by the rest of the name: `channel.` finds every channel."""
        return {name.removeprefix(prefix): value for name, value in self.given.items() if name.startswith(prefix)}

    def share(self, name: str, default: float) -> float:
        """The setting as a number from 0 to 1.

        Raises:
            ConfigError: The setting is not such a number.
        """
        found = self.number(name, default)
        if found > 1:
            raise ConfigError(f"--{name} {found} is no share; give a number from 0 to 1")
        return found

    def without_places(self) -> dict[str, str]:
        """The settings without those that name a folder of the machine, which concern nobody else."""
        return {name: told for name, told in sorted(self.given.items()) if not _is_place(name)}

    def over(self, other: "Settings") -> "Settings":
        """These settings, completed by the other ones."""
        return Settings(given={**other.given, **self.given})


def _is_place(name: str) -> bool:
    return name in _PLACES or name.startswith("channel.")


def from_arguments(arguments: Sequence[str]) -> Settings:
    """Read `--name value` and `--name=value`; the word that a platform adds is ignored.

    Raises:
        ConfigError: A setting has no value, or a word does not belong to a setting.
    """
    given: dict[str, str] = {}
    waiting: str | None = None
    for word in _behind_the_program(arguments):
        if waiting is not None and word.startswith(_MARK):
            raise _without_value(waiting)
        if waiting is not None:
            given[waiting], waiting = word, None
        elif word.startswith(_MARK):
            name, equals, value = word.removeprefix(_MARK).partition("=")
            if equals:
                given[name] = value
            else:
                waiting = name
        elif word != _PLATFORMS_WORD:
            raise ConfigError(f"the word {word!r} belongs to no setting; write --NAME VALUE, with two hyphens")
    if waiting is not None:
        raise _without_value(waiting)
    return Settings(given=given)


def _behind_the_program(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments without `python -m MODULE` before them."""
    is_whole = len(arguments) > 1 and _PYTHON.fullmatch(arguments[0]) and arguments[1] == "-m"
    return arguments[3:] if is_whole else arguments


def _without_value(name: str) -> ConfigError:
    return ConfigError(f"--{name} has no value; write --{name} VALUE")


def from_hyperparameters(found: Mapping[str, object]) -> Settings:
    """Read SageMaker's hyperparameters: every value is text, and its SDK encodes text once more as JSON."""
    return Settings(
        given={name: _unquoted(str(value)) for name, value in found.items() if not name.startswith(_PLATFORMS_OWN)}
    )


def _unquoted(written: str) -> str:
    """The text inside a JSON string; if somebody wrote the quotation marks by hand, its content may not be escaped."""
    if not (len(written) > 1 and written.startswith('"') and written.endswith('"')):
        return written
    try:
        return msgspec.json.decode(written, type=str)
    except msgspec.MsgspecError:
        return written[1:-1]
