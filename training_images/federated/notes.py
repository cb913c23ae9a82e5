# SPDX-License-Identifier: Apache-2.0
"""What do server and members exchange? Questions and answers: arrays and plain facts, nothing that can run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training_images.federated.model import Vector
from training_images.job.errors import ConfigError

Fact = int | float | str | bytes | bool | list[int] | list[float] | list[str] | list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One question or answer.

    Args:
        what: moments, train, open or score.
        arrays: The numbers.
        facts: Everything else.
    """

    what: str
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """A fact that must be a number."""
        value = self.facts.get(name)
        if not isinstance(value, (int, float)):
            raise ConfigError(f"the note {self.what} says {name} = {value!r}, where a number is needed")
        return float(value)

    def text(self, name: str) -> str:
        """A fact that must be text."""
        value = self.facts.get(name)
        if not isinstance(value, str):
            raise ConfigError(f"the note {self.what} says {name} = {value!r}, where text is needed")
        return value

    def texts(self, name: str) -> list[str]:
        """A fact that must be a list of texts."""
        return [text for text in self._several(name) if isinstance(text, str)]

    def bodies(self, name: str) -> list[bytes]:
        """A fact that must be a list of bytes."""
        return [body for body in self._several(name) if isinstance(body, bytes)]

    def vector(self, name: str) -> Vector:
        """An array that must be finite numbers."""
        array = self.arrays.get(name)
        if array is None or array.dtype != np.float64 or not np.isfinite(array).all():
            raise ConfigError(f"the note {self.what} has no array {name} of finite numbers")
        return array

    def _several(self, name: str) -> list[Any]:
        values = self.facts.get(name, [])
        if not isinstance(values, list):
            raise ConfigError(f"the note {self.what} says {name} = {values!r}, where a list is needed")
        return list(values)


class Members(Protocol):
    """The members that can be asked: over Flower, or in this process."""

    def online(self) -> Sequence[str]:
        """The names of the members that can be asked now."""
        ...

    def ask(self, note: Note, names: Sequence[str]) -> Mapping[str, Note]:
        """The answers that came in time, by member; a member that fails to answer is missing."""
        ...
