# SPDX-License-Identifier: Apache-2.0
"""The settings of a job. Platforms pass hyperparameters as text, and a typing error must not cost an hour."""

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
"""The beginning of a whole command, which may follow the image's entry point, as on the Hub."""
_PLATFORMS_OWN: Final = "sagemaker_"
"""Hyperparameters that SageMaker's SDK adds for its own containers."""
_PLACES: Final = frozenset({"output", "checkpoints"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings by name, as text. They are checked when they are read."""

    given: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str, default: str | None = None) -> str:
        """The setting, or its default.

        Raises:
            ConfigError: The setting is missing and has no default.
        """
        value = self.given.get(name, default)
        if value is None:
            raise ConfigError(f"the setting {name} is missing; give --{name} VALUE, or a hyperparameter of that name")
        return value

    def integer(self, name: str, default: int | None = None, *, least: int = 0) -> int:
        """The setting as a whole number.

        Raises:
            ConfigError: The setting is missing, not a whole number, or below `least`.
        """
        text = self.text(name, None if default is None else str(default))
        if not (text.removeprefix("-").isdecimal() and int(text) >= least):
            raise ConfigError(f"--{name} {text!r} is not a whole number from {least} on")
        return int(text)

    def number(self, name: str, default: float | None = None, *, least: float = 0.0) -> float:
        """The setting as a finite number.

        Raises:
            ConfigError: The setting is missing, not a number, or below `least`.
        """
        text = self.text(name, None if default is None else repr(default))
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= least):
            raise ConfigError(f"--{name} {text!r} is not a number from {least} on")
        return value

    def choice(self, name: str, of: Collection[str], default: str | None = None) -> str:
        """The setting as one of a few words.

        Raises:
            ConfigError: The setting is missing or a different word.
        """
        value = self.text(name, default)
        if value not in of:
            raise ConfigError(f"--{name} {value!r} is none of {', '.join(sorted(of))}")
        return value

    def below(self, prefix: str) -> dict[str, str]:
        """The settings whose names begin with the prefix, such as `channel.`, by the rest of the name."""
        return {name.removeprefix(prefix): value for name, value in self.given.items() if name.startswith(prefix)}

    def share(self, name: str, default: float) -> float:
        """The setting as a number from 0 to 1.

        Raises:
            ConfigError: The setting is not such a number.
        """
        value = self.number(name, default)
        if value > 1:
            raise ConfigError(f"--{name} {value} is no share; give a number from 0 to 1")
        return value

    def without_places(self) -> dict[str, str]:
        """The settings except those that name folders of this machine."""
        return {name: value for name, value in sorted(self.given.items()) if not _is_place(name)}

    def over(self, other: "Settings") -> "Settings":
        """These settings, and those of `other` that they lack."""
        return Settings(given={**other.given, **self.given})


def _is_place(name: str) -> bool:
    return name in _PLACES or name.startswith("channel.")


def from_arguments(arguments: Sequence[str]) -> Settings:
    """Read `--name value` and `--name=value`. The word that SageMaker adds is ignored.

    Raises:
        ConfigError: A setting has no value, or a word does not belong to a setting.
    """
    values: dict[str, str] = {}
    pending: str | None = None
    for word in _without_program(arguments):
        if pending is not None and word.startswith(_MARK):
            raise _no_value_error(pending)
        if pending is not None:
            values[pending], pending = word, None
        elif word.startswith(_MARK):
            name, equals, value = word.removeprefix(_MARK).partition("=")
            if equals:
                values[name] = value
            else:
                pending = name
        elif word != _PLATFORMS_WORD:
            raise ConfigError(f"the word {word!r} belongs to no setting; write --NAME VALUE, with two hyphens")
    if pending is not None:
        raise _no_value_error(pending)
    return Settings(given=values)


def _without_program(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments without `python -m MODULE` before them."""
    is_whole = len(arguments) > 1 and _PYTHON.fullmatch(arguments[0]) and arguments[1] == "-m"
    return arguments[3:] if is_whole else arguments


def _no_value_error(name: str) -> ConfigError:
    return ConfigError(f"--{name} has no value; write --{name} VALUE")


def from_hyperparameters(hyperparameters: Mapping[str, object]) -> Settings:
    """Read SageMaker's hyperparameters. Every value is text, which its SDK encodes once more as JSON."""
    return Settings(
        given={
            name: _unquoted(str(value))
            for name, value in hyperparameters.items()
            if not name.startswith(_PLATFORMS_OWN)
        }
    )


def _unquoted(text: str) -> str:
    """The text inside a JSON string. If somebody wrote the quotes by hand, its content may not be escaped."""
    if not (len(text) > 1 and text.startswith('"') and text.endswith('"')):
        return text
    try:
        return msgspec.json.decode(text, type=str)
    except msgspec.MsgspecError:
        return text[1:-1]
